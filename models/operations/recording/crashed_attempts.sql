-- Ledger entries of attempts that another invocation started and left without an outcome: its process has ended.
{{ config(materialized='ephemeral') }}
with entries as (
    select
        *,
        max(entry) over (partition by run_id) as last_entry
    from {{ source('operations', 'run_ledger') }}
)

select
    run_id,
    product,
    as_of,
    'crashed' as status,
    'the process ended before the run had an outcome; the next build tries again' as reason,
    model_version,
    feature_version,
    feature_snapshot_id,
    cast(null as bigint) as rows_scored,
    cast(null as bigint) as rows_published,
    invocation_id,
    revision,
    artifact_sha256,
    training_config_sha256,
    cast(null as text) as recorded_by
from entries
where entry = last_entry and status = 'started' and invocation_id <> '{{ invocation_id }}'
