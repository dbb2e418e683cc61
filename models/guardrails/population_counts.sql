-- Customers who entered and left since the previous run, by reason, and the snapshots of both runs.
with statistics as (
    select * from {{ product_ref('statistics') }}
),

moves as (
    select
        run_id,
        coalesce(sum(customers) filter (
            where membership in ('new_sign_up', 'became_eligible', 'entered_unexplained')
        ), 0) as entered,
        coalesce(sum(customers) filter (where membership = 'new_sign_up'), 0) as new_sign_ups,
        coalesce(sum(customers) filter (where membership = 'became_eligible'), 0) as became_eligible,
        coalesce(sum(customers) filter (where membership = 'entered_unexplained'), 0) as entered_unexplained,
        coalesce(sum(customers) filter (where membership in ('no_longer_eligible', 'left_unexplained')), 0) as gone,
        coalesce(sum(customers) filter (where membership = 'no_longer_eligible'), 0) as no_longer_eligible,
        coalesce(sum(customers) filter (where membership = 'left_unexplained'), 0) as left_unexplained
    from {{ product_ref('transitions') }}
    group by run_id
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
)

select
    {%- for column in [
        'run_id', 'as_of', 'model_version', 'rows_scored', 'surplus', 'missing', 'eligible_customers', 'active_customers',
        'customers_scored', 'former_run_id', 'former_as_of', 'former_model_version', 'former_customers'
    ] %}
    statistics.{{ column }},
    {%- endfor %}
    moves.entered,
    moves.new_sign_ups,
    moves.became_eligible,
    moves.entered_unexplained,
    moves.gone,
    moves.no_longer_eligible,
    moves.left_unexplained,
    snapshot_now.feature_snapshot_id,
    snapshot_then.feature_snapshot_id as former_snapshot_id,
    nullif(cast(statistics.former_customers as double), 0) as of_former
from statistics
left join moves on statistics.run_id = moves.run_id
left join manifest as snapshot_now
    on
        statistics.as_of = snapshot_now.as_of
        and statistics.feature_version = snapshot_now.feature_version
left join manifest as snapshot_then
    on
        statistics.former_as_of = snapshot_then.as_of
        and statistics.former_feature_version = snapshot_then.feature_version
