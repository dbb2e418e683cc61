-- State of each product that freshness and permission to act follow from, together with the clock. The serving database
-- judges by it at read time, even if no job has run since.
with states as (
    select * from {{ ref('product_states') }}
),

blocking_incidents as (
    select * from {{ ref('blocking_incidents') }}
),

pending_responses as (
    select
        product,
        {{ json_list_of({
            'due_on': 'due_on', 'reason': overdue_response('incident_id', 'subject', 'due_on')
        }, 'incident_id, subject') }} as responses
    from {{ ref('review_duties') }}
    where duty = 'response' and not is_done
    group by product
)

select
    states.product,
    states.as_of,
    states.run_id,
    states.fresh_until,
    states.max_age_hours,
    states.newer_run_failed,
    states.action_policy,
    states.default_score,
    blocking_incidents.reason as incident_reason,
    coalesce(pending_responses.responses, '[]') as pending_responses
from states
left join blocking_incidents on states.product = blocking_incidents.product
left join pending_responses on states.product = pending_responses.product
