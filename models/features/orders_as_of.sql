-- Point-in-time orders of the customers to compute: one row per planned as-of and order, in the version that counts
-- there by macros/features/as_of.sql.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

customers as (
    select
        customers.as_of,
        plan.data_cutoff,
        customers.customer_id
    from {{ ref('customers_to_compute') }} as customers
    inner join plan on customers.as_of = plan.as_of
),

versions as (
    select * from {{ ref('order_versions') }}
),

loaded_once as (
    select
        customers.as_of,
        orders.customer_id,
        orders.ordered_at,
        orders.amount,
        orders.quantity,
        orders.product_count
    from {{ ref('stg_orders') }} as orders
    inner join customers
        on
            orders.customer_id = customers.customer_id
            and {{ is_known('orders.loaded_at', 'customers.data_cutoff') }}
            and {{ has_happened('orders.ordered_at', 'customers.as_of') }}
    anti join versions on orders.order_id = versions.order_id
),

newest_versions as (
    select
        plan.as_of,
        {{ last_version(
            ['ordered_at', 'customer_id', 'amount', 'quantity', 'product_count'], 'versions'
        ) }} as version
    from versions
    inner join plan on {{ is_known('versions.loaded_at', 'plan.data_cutoff') }}
    group by plan.as_of, versions.order_id
)

select * from loaded_once

union all

select
    newest.as_of,
    customers.customer_id,
    newest.version['ordered_at'] as ordered_at,
    newest.version['amount'] as amount,
    newest.version['quantity'] as quantity,
    newest.version['product_count'] as product_count
from newest_versions as newest
inner join customers on newest.as_of = customers.as_of and newest.version['customer_id'] = customers.customer_id
where {{ has_happened("newest.version['ordered_at']", 'newest.as_of') }}
