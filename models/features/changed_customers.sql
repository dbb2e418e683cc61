-- Customers about whom something changed between the base of a planned as-of and the as-of: rows that newly count, or
-- that were landed since, and rows that cross the edge of a window. All versions of such a row count, since the one
-- that a correction replaces may be another customer's.
with plan as (
    select * from {{ ref('snapshot_plan') }}
    where base_as_of is not null
),

changed_orders as (
    select
        plan.as_of,
        plan.data_cutoff,
        orders.order_id,
        orders.customer_id
    from {{ ref('stg_orders') }} as orders
    inner join plan on {{ changes_features('orders', 'ordered_at') }}
),

changed_events as (
    select
        plan.as_of,
        plan.data_cutoff,
        events.event_id,
        events.customer_id
    from {{ ref('stg_events') }} as events
    inner join plan on {{ changes_features('events', 'occurred_at') }}
),

reloaded_changed_orders as (
    select changed_orders.*
    from changed_orders
    inner join {{ ref('reloaded_orders') }} as reloaded on changed_orders.order_id = reloaded.order_id
),

reloaded_changed_events as (
    select changed_events.*
    from changed_events
    inner join {{ ref('reloaded_events') }} as reloaded on changed_events.event_id = reloaded.event_id
)

select
    as_of,
    customer_id
from changed_orders

union all

select
    as_of,
    customer_id
from changed_events

union all

select
    changed.as_of,
    versions.customer_id
from reloaded_changed_orders as changed
inner join {{ ref('stg_orders') }} as versions
    on changed.order_id = versions.order_id and changed.data_cutoff > versions.loaded_at

union all

select
    changed.as_of,
    versions.customer_id
from reloaded_changed_events as changed
inner join {{ ref('stg_events') }} as versions
    on changed.event_id = versions.event_id and changed.data_cutoff > versions.loaded_at
