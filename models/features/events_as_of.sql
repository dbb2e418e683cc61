-- Point-in-time events: one row per planned as-of and event, in the version that counts there.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

events as (
    select * from {{ ref('stg_events') }}
),

versions as (
    select
        plan.as_of,
        max({{ ordered_record(['loaded_at', 'occurred_at', 'customer_id', 'event_type'], 'events') }}) as version
    from events
    inner join plan on {{ counts_at_as_of('events.occurred_at', 'events.loaded_at') }}
    where {{ only_when_needed() }} and events.occurred_at >= {{ add_days('plan.as_of', '-365') }}
    group by plan.as_of, events.event_id
)

select
    as_of,
    version['customer_id'] as customer_id,
    version['occurred_at'] as occurred_at,
    version['event_type'] as event_type
from versions
