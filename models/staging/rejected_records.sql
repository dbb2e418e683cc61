{{ config(materialized='table') }}

-- A table, so that the evidence outlives the raw file that was rejected.
select
    'customers' as source,
    customer_id as key,
    rejection_reason as reason,
    row_json
from {{ ref('checked_customers') }}
where rejection_reason is not null

union all

select
    'orders' as source,
    order_id as key,
    rejection_reason as reason,
    row_json
from {{ ref('checked_orders') }}
where rejection_reason is not null

union all

select
    'events' as source,
    event_id as key,
    rejection_reason as reason,
    row_json
from {{ ref('checked_events') }}
where rejection_reason is not null
