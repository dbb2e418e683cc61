-- Who came and went since the former batch, by reason, and the snapshots of both batches.
with statistics as (
    select * from {{ product_ref('statistics') }}
),

moves as (
    select
        run_id,
        sum(case when membership in ('new_sign_up', 'became_eligible', 'entered_unexplained') then customers else 0 end) as entered,
        sum(case when membership = 'new_sign_up' then customers else 0 end) as new_sign_ups,
        sum(case when membership = 'became_eligible' then customers else 0 end) as became_eligible,
        sum(case when membership = 'entered_unexplained' then customers else 0 end) as entered_unexplained,
        sum(case when membership in ('no_longer_eligible', 'left_unexplained') then customers else 0 end) as gone,
        sum(case when membership = 'no_longer_eligible' then customers else 0 end) as no_longer_eligible,
        sum(case when membership = 'left_unexplained' then customers else 0 end) as left_unexplained
    from {{ product_ref('transitions') }}
    group by run_id
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
)

select
    statistics.*,
    moves.entered,
    moves.new_sign_ups,
    moves.became_eligible,
    moves.entered_unexplained,
    moves.gone,
    moves.no_longer_eligible,
    moves.left_unexplained,
    nullif(cast(statistics.former_customers as double), 0) as of_former,
    snapshot_now.feature_snapshot_id,
    snapshot_then.feature_snapshot_id as former_snapshot_id
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
