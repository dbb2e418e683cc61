-- Point-in-time orders: one row per planned as-of and order, in the version that counts there.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

orders as (
    select * from {{ ref('stg_orders') }}
),

reloaded as (
    select * from {{ ref('reloaded_orders') }}
),

counting as (
    select
        orders.*,
        plan.as_of
    from orders
    inner join plan on {{ counts_at_as_of('orders.ordered_at', 'orders.loaded_at') }}
    where {{ only_when_needed() }}
),

loaded_once as (
    select
        counting.as_of,
        counting.customer_id,
        counting.ordered_at,
        counting.amount,
        counting.quantity,
        counting.product_count
    from counting
    anti join reloaded on counting.order_id = reloaded.order_id
),

-- The greatest struct is the version loaded last; equal load times fall back on the values.
newest_versions as (
    select
        counting.as_of,
        max({{ ordered_record(
            ['loaded_at', 'ordered_at', 'customer_id', 'amount', 'quantity', 'product_count'], 'counting'
        ) }}) as version
    from counting
    semi join reloaded on counting.order_id = reloaded.order_id
    group by counting.as_of, counting.order_id
)

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
