-- Point-in-time orders of the customers to compute: one row per planned as-of and order, in the version that counts
-- there. The version is chosen first, then its time is judged: a correction may move an order behind the as-of.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

customers as (
    select * from {{ ref('customers_to_compute') }}
),

reloaded as (
    select * from {{ ref('reloaded_orders') }}
),

known as (
    select
        orders.*,
        plan.as_of
    from {{ ref('stg_orders') }} as orders
    inner join plan on orders.loaded_at < plan.data_cutoff
),

loaded_once as (
    select
        known.as_of,
        known.customer_id,
        known.ordered_at,
        known.amount,
        known.quantity,
        known.product_count
    from known
    anti join reloaded on known.order_id = reloaded.order_id
),

-- The greatest struct is the version loaded last; equal load times fall back on the values.
newest_versions as (
    select
        known.as_of,
        max({{ ordered_record(
            ['loaded_at', 'ordered_at', 'customer_id', 'amount', 'quantity', 'product_count'], 'known'
        ) }}) as version
    from known
    semi join reloaded on known.order_id = reloaded.order_id
    group by known.as_of, known.order_id
),

counting as (
    select * from loaded_once

    union all

    select
        as_of,
        version['customer_id'] as customer_id,
        version['ordered_at'] as ordered_at,
        version['amount'] as amount,
        version['quantity'] as quantity,
        version['product_count'] as product_count
    from newest_versions
)

select counting.*
from counting
inner join customers on counting.as_of = customers.as_of and counting.customer_id = customers.customer_id
where counting.ordered_at < counting.as_of
