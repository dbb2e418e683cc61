-- The orders that were loaded more than once: a few per cent, and only they need the costly search for the version
-- that counts. Found when they are landed: keys of new rows that are there twice.
{% set has_rows = execute and is_built(this) %}

with orders as (
    select * from {{ ref('stg_orders') }}
)

{% if has_rows %},
known as (
    select * from {{ this }}
),

newly_landed as (
    select distinct orders.order_id
    from orders
    cross join (select coalesce(max(known.landed_in), 0) as landed_in from known) as watermark
    where orders.landed_in > watermark.landed_in
)
{% endif %}

select
    orders.order_id,
    max(orders.landed_in) as landed_in
from orders
{% if has_rows %}
semi join newly_landed on orders.order_id = newly_landed.order_id
anti join known on orders.order_id = known.order_id
{% endif %}
group by orders.order_id
having count(*) > 1
