-- Features from a customer's events. A customer without an event in a year has no row.
with events as (
    select
        *,
        {{ microseconds_between('occurred_at', 'as_of') }} as age
    from {{ ref('events_as_of') }}
)

select
    as_of,
    customer_id,
    cast(count(*) filter (where {{ within_days('age', 30) }}) as integer) as event_count_30d,
    cast(count(*) filter (where {{ within_days('age', 90) }}) as integer) as event_count_90d,
    cast(
        count(*) filter (where {{ within_days('age', 30) }})
        - count(*) filter (where {{ within_preceding_days('age', 30) }}) as integer
    ) as event_count_change_30d,
    cast(
        count(distinct event_type) filter (where {{ within_days('age', 90) }}) as integer
    ) as event_type_count_90d,
    max(occurred_at) as last_event_at
from events
group by as_of, customer_id
