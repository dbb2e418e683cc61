-- Ledger entries of the runs of one verdict, `status`: published or quarantined. A run whose rows are not all stored
-- fails the transaction. Postponed runs are recorded as failed with the quarantined ones: the next build tries them
-- again.
{%- set status = status | default('published') %}

with runs as (
    select * from {{ product_ref('unrecorded_runs') }}
),

stored as (
    select
        runs.run_id,
        case
            when count(records.run_id) = runs.rows_scored then runs.rows_scored
            else
                {{ raise_in_sql(
                    "'" ~ this.identifier ~ " holds ' || count(records.run_id) || ' rows of the run ' || runs.run_id"
                    ~ " || ' instead of ' || runs.rows_scored"
                ) }}
        end as stored_rows
    from runs
    left join {{ this }} as records
        on runs.run_id = records.run_id and records.prediction_date = cast(runs.as_of as date)
    where runs.outcome = '{{ status }}'
    group by runs.run_id, runs.rows_scored
)

select
    runs.run_id,
    runs.product,
    runs.as_of,
    '{{ status }}' as status,
    runs.outcome_reason as reason,
    runs.model_version,
    runs.feature_version,
    runs.feature_snapshot_id,
    runs.rows_scored,
    -- Always reads the number, which raises where it is wrong.
    {{ 'stored.stored_rows' if status == 'published' else 'least(stored.stored_rows, 0)' }} as rows_published,
    '{{ invocation_id }}' as invocation_id,
    runs.revision,
    runs.artifact_sha256,
    runs.training_config_sha256,
    cast(null as text) as recorded_by
from runs
inner join stored on runs.run_id = stored.run_id
{%- if status == 'quarantined' %}

union all

select
    run_id,
    product,
    as_of,
    'failed' as status,
    outcome_reason as reason,
    model_version,
    feature_version,
    feature_snapshot_id,
    rows_scored,
    0 as rows_published,
    '{{ invocation_id }}' as invocation_id,
    revision,
    artifact_sha256,
    training_config_sha256,
    cast(null as text) as recorded_by
from runs
where outcome = 'postponed'
{%- endif %}
