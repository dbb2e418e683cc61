-- Point-in-time events of the customers to compute: one row per planned as-of and event of the year before it, in
-- the version that counts there. The version is chosen first, then its time is judged.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

customers as (
    select * from {{ ref('customers_to_compute') }}
),

reloaded as (
    select * from {{ ref('reloaded_events') }}
),

known as (
    select
        events.*,
        plan.as_of
    from {{ ref('stg_events') }} as events
    inner join plan on events.loaded_at < plan.data_cutoff
),

loaded_once as (
    select
        known.as_of,
        known.customer_id,
        known.occurred_at,
        known.event_type
    from known
    anti join reloaded on known.event_id = reloaded.event_id
),

newest_versions as (
    select
        known.as_of,
        max({{ ordered_record(['loaded_at', 'occurred_at', 'customer_id', 'event_type'], 'known') }}) as version
    from known
    semi join reloaded on known.event_id = reloaded.event_id
    group by known.as_of, known.event_id
),

counting as (
    select * from loaded_once

    union all

    select
        as_of,
        version['customer_id'] as customer_id,
        version['occurred_at'] as occurred_at,
        version['event_type'] as event_type
    from newest_versions
)

select counting.*
from counting
inner join customers on counting.as_of = customers.as_of and counting.customer_id = customers.customer_id
where counting.occurred_at < counting.as_of and counting.occurred_at >= {{ add_days('counting.as_of', '-365') }}
