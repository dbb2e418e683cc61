-- The outcome to be learned: 1 for a customer without a purchase in the label window, else 0.
-- depends_on: {{ ref('stg_orders') }}
with orders as (
    select * from {{ product_ref('label_window_orders') }}
),

customers_with_purchase as (
    select distinct
        as_of,
        customer_id
    from orders
    where amount > 0
),

snapshots as (
    select * from {{ ref('feature_snapshots') }}
)

select
    snapshots.as_of,
    snapshots.customer_id,
    cast(case when customers_with_purchase.customer_id is null then 1 else 0 end as double) as label
from snapshots
left join customers_with_purchase
    on
        snapshots.as_of = customers_with_purchase.as_of
        and snapshots.customer_id = customers_with_purchase.customer_id
where {{ eligible_population('churn') }}
