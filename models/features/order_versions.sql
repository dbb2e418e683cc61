-- Every version of the orders that were loaded more than once: a few per cent, and only they need the costly search
-- for the version that counts. Found when they are landed: new rows whose key is there twice, and its older rows.
-- The landed rows stand without a name of their own: with one, the engine would first copy all of them.
{% set has_rows = execute and is_built(this) %}

{% if has_rows %}
with known as (
    select * from {{ this }}
),

newly_landed as (
    select distinct order_id
    from {{ ref('stg_orders') }}
    where landed_in > (select coalesce(max(landed_in), 0) from known)
),

again as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.amount,
        orders.quantity,
        orders.product_count,
        orders.loaded_at,
        orders.landed_in
    from {{ ref('stg_orders') }} as orders
    semi join newly_landed on orders.order_id = newly_landed.order_id
    qualify count(*) over (partition by orders.order_id) > 1
)

select *
from again
where
    landed_in > (select coalesce(max(landed_in), 0) from known)
    or order_id not in (select order_id from known)
{% else %}
with again as (
    select order_id
    from {{ ref('stg_orders') }}
    group by order_id
    having count(*) > 1
)

select
    orders.order_id,
    orders.customer_id,
    orders.ordered_at,
    orders.amount,
    orders.quantity,
    orders.product_count,
    orders.loaded_at,
    orders.landed_in
from {{ ref('stg_orders') }} as orders
semi join again on orders.order_id = again.order_id
{% endif %}
