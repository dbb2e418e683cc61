-- Computed when it is read: predictions turn stale even if no job ever runs again.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

runs as (
    select * from {{ ref('run_states') }}
),

clock as (
    select {{ current_utc_timestamp() }} as read_at
),

served as (
    select
        *,
        row_number() over (partition by product order by as_of desc, serving_entry desc) as newest
    from runs
    where is_served
),

attempts as (
    select
        *,
        row_number() over (partition by product order by last_entry desc) as newest
    from runs
),

aged as (
    select
        contracts.product,
        contracts.max_age_hours,
        contracts.sla_owner,
        served.as_of,
        served.run_id,
        served.model_version,
        clock.read_at,
        {{ hours_between('served.as_of', 'clock.read_at') }} as age_hours,
        {{ add_hours(
            next_slot('served.as_of', 'contracts.cadence', 'contracts.anchor_days'),
            '(contracts.availability_lag_hours + contracts.expected_within_hours)'
        ) }} as fresh_until
    from contracts
    cross join clock
    left join served on contracts.product = served.product and served.newest = 1
)

select
    aged.product,
    aged.as_of,
    aged.run_id,
    aged.model_version,
    aged.age_hours,
    aged.fresh_until,
    case
        when aged.as_of is null then 'never published'
        else {{ freshness('aged.age_hours', 'aged.max_age_hours', 'aged.read_at', 'aged.fresh_until') }}
    end as freshness,
    aged.max_age_hours,
    aged.sla_owner,
    attempts.as_of as last_attempt_as_of,
    attempts.status as last_attempt_status,
    attempts.reason as last_attempt_reason,
    attempts.recorded_at as last_attempt_at
from aged
left join attempts on aged.product = attempts.product and attempts.newest = 1
