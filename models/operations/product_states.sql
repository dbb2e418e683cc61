-- Served run of each product and its freshness, computed at read time: predictions turn stale even if no job ever runs
-- again.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

served as (
    select * from {{ ref('run_states') }}
    where is_current
),

clock as (
    select {{ current_utc_timestamp() }} as read_at
),

-- Attempts at the served slot or a newer one that failed after it was published.
failed_since as (
    select
        runs.product,
        count(*) as attempts
    from {{ ref('run_states') }} as runs
    inner join served
        on
            runs.product = served.product
            and runs.as_of >= served.as_of
            and runs.last_entry > served.serving_entry
    where runs.status in ('failed', 'crashed', 'quarantined', 'withdrawn')
    group by runs.product
),

aged as (
    select
        contracts.product,
        contracts.max_age_hours,
        contracts.sla_owner,
        contracts.action_policy,
        contracts.default_score,
        served.as_of,
        served.run_id,
        served.model_version,
        clock.read_at,
        coalesce(failed_since.attempts, 0) > 0 as newer_run_failed,
        {{ hours_between('served.as_of', 'clock.read_at') }} as age_hours,
        {{ deadline(
            next_slot('served.as_of', 'contracts.cadence', 'contracts.anchor_days'), 'contracts.deadline_hours'
        ) }} as fresh_until
    from contracts
    cross join clock
    left join served on contracts.product = served.product
    left join failed_since on contracts.product = failed_since.product
),

judged as (
    select
        *,
        {{ freshness('as_of', 'age_hours', 'max_age_hours', 'fresh_until', 'read_at') }} as freshness,
        greatest({{ hours_between('fresh_until', 'read_at') }}, 0) as overdue_hours
    from aged
)

select
    *,
    {{ served_as('as_of', 'freshness', 'newer_run_failed') }} as served_as,
    case
        when freshness = 'fresh' and not newer_run_failed then 'none_needed'
        when freshness in ('fresh', 'due') then 'last_known_good'
        else action_policy
    end as fallback_mode
from judged
