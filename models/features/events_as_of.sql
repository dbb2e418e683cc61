-- Point-in-time events of the customers to compute: one row per planned as-of and event of the year before it, in
-- the version that counts there by macros/features/as_of.sql.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

customers as (
    select
        customers.as_of,
        plan.data_cutoff,
        {{ add_days('customers.as_of', '-365') }} as a_year_before,
        customers.customer_id
    from {{ ref('customers_to_compute') }} as customers
    inner join plan on customers.as_of = plan.as_of
),

versions as (
    select * from {{ ref('event_versions') }}
),

loaded_once as (
    select
        customers.as_of,
        events.customer_id,
        events.occurred_at,
        events.event_type
    from {{ ref('stg_events') }} as events
    inner join customers
        on
            events.customer_id = customers.customer_id
            and {{ is_known('events.loaded_at', 'customers.data_cutoff') }}
            and {{ has_happened('events.occurred_at', 'customers.as_of') }}
            and events.occurred_at >= customers.a_year_before
    anti join versions on events.event_id = versions.event_id
),

newest_versions as (
    select
        plan.as_of,
        {{ last_version(['occurred_at', 'customer_id', 'event_type'], 'versions') }} as version
    from versions
    inner join plan on {{ is_known('versions.loaded_at', 'plan.data_cutoff') }}
    group by plan.as_of, versions.event_id
)

select * from loaded_once

union all

select
    newest.as_of,
    customers.customer_id,
    newest.version['occurred_at'] as occurred_at,
    newest.version['event_type'] as event_type
from newest_versions as newest
inner join customers on newest.as_of = customers.as_of and newest.version['customer_id'] = customers.customer_id
where
    {{ has_happened("newest.version['occurred_at']", 'newest.as_of') }}
    and newest.version['occurred_at'] >= customers.a_year_before
