-- The outcome to be learned: revenue net of returns in the label window, never below zero.
-- depends_on: {{ ref('stg_orders') }}
with revenue as (
    select * from {{ product_ref('label_window_revenue') }}
),

snapshots as (
    select * from {{ ref('feature_snapshots') }}
)

select
    snapshots.as_of,
    snapshots.customer_id,
    cast(greatest(coalesce(revenue.revenue, 0), 0) as double) as label
from snapshots
left join revenue
    on snapshots.as_of = revenue.as_of and snapshots.customer_id = revenue.customer_id
where {{ eligible_population('clv') }}
