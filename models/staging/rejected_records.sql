-- Rows of customers who are not known count again as soon as a file brings the customer. A table, which can be read
-- without the lake.
-- depends_on: {{ ref('stg_orders') }}, {{ ref('stg_events') }}
{{ config(materialized='table') }}

with rejected as (
    select * from {{ source('operations', 'rejected_rows') }}
),

known as (
    select distinct customers.customer_id
    from {{ ref('stg_customers') }} as customers
    inner join rejected on customers.customer_id = rejected.customer_id
    where rejected.is_landed
)

select
    rejected.source,
    rejected.key,
    rejected.reason,
    rejected.row_json
from rejected
left join known on rejected.customer_id = known.customer_id
where not rejected.is_landed or known.customer_id is null
