{{ config(pre_hook="{{ make_prediction_tables() }}") }}

with predictions as (
    {{ predictions_of_all_products() }}
),

runs as (
    select
        run_states.run_id,
        run_states.product,
        run_states.status,
        ledger.recorded_at as served_from,
        lead(ledger.recorded_at) over (
            partition by run_states.product order by run_states.serving_entry
        ) as served_until
    from {{ ref('run_states') }} as run_states
    left join {{ source('operations', 'run_ledger') }} as ledger
        on run_states.serving_entry = ledger.entry and ledger.status in ('published', 'released')
),

manifest as (
    select * from {{ source('operations', 'run_manifest') }}
),

inputs as (
    {{ lineage_of_inputs() }}
),

definitions as (
    {{ lineage_of_definitions() }}
),

checks as (
    {{ lineage_of_checks() }}
),

snapshots as (
    select
        as_of,
        data_cutoff,
        feature_version,
        customer_id,
        {{ json_record(feature_names()) }} as feature_values
    from {{ ref('feature_snapshots') }}
)

select
    {%- for relation, columns in lineage_columns().items() %}
    {%- for column in columns %}
    {{ relation }}.{{ column }},
    {%- endfor %}
    {%- endfor %}
    runs.status as run_status,
    {{ lineage_of_readers('runs') }} as readers
from predictions
inner join runs on predictions.run_id = runs.run_id
left join manifest on predictions.run_id = manifest.run_id
left join checks on predictions.run_id = checks.run_id
left join definitions on manifest.definitions_sha256 = definitions.definitions_sha256
left join inputs
    on
        manifest.as_of = inputs.as_of
        and manifest.data_cutoff = inputs.data_cutoff
        and manifest.feature_version = inputs.feature_version
left join snapshots
    on
        manifest.as_of = snapshots.as_of
        and manifest.data_cutoff = snapshots.data_cutoff
        and manifest.feature_version = snapshots.feature_version
        and predictions.customer_id = snapshots.customer_id
