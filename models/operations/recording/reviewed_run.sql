-- Ledger entry of a person's decision on a run. Variables: `reviewed`, its id; `decision`, released or withdrawn;
-- `reason`; and `by`. The other columns are those of its newest outcome.
{{ config(materialized='ephemeral') }}
{% set decision = decision | default('released') %}

with outcomes as (
    select *
    from {{ source('operations', 'run_ledger') }}
    where run_id = {{ literal(reviewed) }} and status in ('published', 'quarantined')
)

select
    run_id,
    product,
    as_of,
    '{{ decision }}' as status,
    {{ literal(reason) }} as reason,
    model_version,
    feature_version,
    feature_snapshot_id,
    rows_scored,
    {{ 'rows_scored' if decision == 'released' else '0' }} as rows_published,
    '{{ invocation_id }}' as invocation_id,
    revision,
    artifact_sha256,
    training_config_sha256,
    {{ literal(by) }} as recorded_by
from outcomes
qualify entry = max(entry) over ()
