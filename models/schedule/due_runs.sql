-- The runs that are due, each with its registered model and its former batch: the newest run before
-- it that is served, or that this build makes. So a backfill compares as day-by-day builds would.
with plan as (
    select * from {{ ref('scoring_plan') }}
    where is_due
),

registry as (
    select * from {{ ref('model_registry') }}
),

batches as (
    select
        product,
        as_of,
        run_id,
        model_version,
        feature_version,
        serving_entry as published_in_order
    from {{ ref('run_states') }}
    where is_served

    union all

    select
        product,
        as_of,
        run_id,
        model_version,
        feature_version,
        null as published_in_order
    from plan
),

former as (
    select
        batches.*,
        plan.run_id as of_run,
        row_number() over (
            partition by plan.run_id
            order by batches.as_of desc, batches.published_in_order desc nulls first
        ) as newest
    from plan
    inner join batches on plan.product = batches.product and plan.as_of > batches.as_of
)

select
    plan.run_id,
    plan.product,
    plan.as_of,
    plan.data_cutoff,
    plan.model_version,
    plan.feature_version,
    plan.output_schema_version,
    plan.revision,
    plan.planned_at,
    registry.training_run_id,
    registry.artifact_sha256,
    registry.training_config_sha256,
    former.run_id as former_run_id,
    former.as_of as former_as_of,
    former.model_version as former_model_version,
    former.feature_version as former_feature_version
from plan
left join registry
    on plan.product = registry.product and plan.model_version = registry.model_version
left join former on plan.run_id = former.of_run and former.newest = 1
