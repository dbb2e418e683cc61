-- Ledger entries of the attempts that the present invocation starts: runs that are due and have no outcome yet, of the
-- `products` that it scores.
{{ config(materialized='ephemeral') }}
{% set products = products if products is defined else products_of(selected_models(), 'candidates_') %}

with finished as (
    select run_id from {{ source('operations', 'run_ledger') }}
    where status in ('published', 'quarantined')
)

select
    plan.run_id,
    plan.product,
    plan.as_of,
    'started' as status,
    plan.reason,
    plan.model_version,
    plan.feature_version,
    cast(null as text) as feature_snapshot_id,
    cast(null as bigint) as rows_scored,
    cast(null as bigint) as rows_published,
    '{{ invocation_id }}' as invocation_id,
    plan.revision,
    cast(null as text) as artifact_sha256,
    cast(null as text) as training_config_sha256,
    cast(null as text) as recorded_by
from {{ ref('scoring_plan') }} as plan
anti join finished on plan.run_id = finished.run_id
where plan.is_due and plan.product in ('{{ products | join("', '") }}')
