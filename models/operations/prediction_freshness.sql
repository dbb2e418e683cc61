-- May consumers act on what they are served? Computed when it is read, like all that it reads.
{%- set reasons = ['reasoned.age_reason', 'reasoned.incident_reason', 'reasoned.response_reason'] %}

with states as (
    select * from {{ ref('product_states') }}
),

attempts as (
    select * from {{ ref('attempts') }}
    where is_last
),

blocking_incidents as (
    select * from {{ ref('blocking_incidents') }}
),

overdue_responses as (
    select
        product,
        string_agg({{ overdue_response('incident_id', 'subject', 'due_on') }}, ' ' order by incident_id, subject)
            as reason
    from {{ ref('review_duties') }}
    where duty = 'response' and is_overdue
    group by product
),

reasoned as (
    select
        states.*,
        blocking_incidents.reason as incident_reason,
        overdue_responses.reason as response_reason,
        {{ age_reason('states.freshness', 'states.max_age_hours') }} as age_reason
    from states
    left join blocking_incidents on states.product = blocking_incidents.product
    left join overdue_responses on states.product = overdue_responses.product
)

select
    reasoned.product,
    reasoned.as_of,
    reasoned.run_id,
    reasoned.model_version,
    reasoned.age_hours,
    reasoned.fresh_until,
    reasoned.freshness,
    reasoned.served_as,
    reasoned.action_policy,
    reasoned.default_score,
    reasoned.max_age_hours,
    reasoned.overdue_hours,
    reasoned.sla_owner,
    attempts.as_of as last_attempt_as_of,
    attempts.status as last_attempt_status,
    attempts.reason as last_attempt_reason,
    attempts.recorded_at as last_attempt_at,
    {{ action_allowed(reasons) }} as action_allowed,
    {{ action_blocked_reason(reasons) }} as action_blocked_reason
from reasoned
left join attempts on reasoned.product = attempts.product
