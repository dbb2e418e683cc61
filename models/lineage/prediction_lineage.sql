-- Everything that stands behind one prediction.
{{ config(pre_hook="{{ make_prediction_tables() }}") }}

with predictions as (
    select * from {{ ref('stored_predictions') }}
),

runs as (
    select * from {{ ref('served_periods') }}
),

manifest as (
    select * from {{ source('operations', 'run_manifest') }}
),

inputs as (
    select * from {{ ref('recorded_inputs') }}
),

definitions as (
    select * from {{ ref('recorded_definitions') }}
),

checks as (
    select * from {{ ref('recorded_checks') }}
),

readers as (
    select * from {{ ref('run_readers') }}
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
    readers.readers
from predictions
inner join runs on predictions.run_id = runs.run_id
left join manifest on predictions.run_id = manifest.run_id
left join checks on predictions.run_id = checks.run_id
left join readers on predictions.run_id = readers.run_id
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
