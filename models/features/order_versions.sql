-- Every version of the orders that were loaded more than once: a few per cent, and only they need the costly search
-- for the version that counts. Found when they are landed: new rows whose key is there twice, and its older rows.
-- The landed rows stand without a name of their own: with one, the engine would first copy all of them.
{% set has_rows = execute and is_built(this) %}

with candidates as (
    {% if has_rows %}
    select distinct order_id
    from {{ ref('stg_orders') }}
    where landed_in > (select coalesce(max(known.landed_in), 0) from {{ this }} as known)
    {% else %}
    select order_id
    from {{ ref('stg_orders') }}
    group by order_id
    having count(*) > 1
    {% endif %}
),

versions as (
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
    semi join candidates on orders.order_id = candidates.order_id
    qualify count(*) over (partition by orders.order_id) > 1
)

select *
from versions
{% if has_rows %}
where
    landed_in > (select coalesce(max(known.landed_in), 0) from {{ this }} as known)
    or order_id not in (select known.order_id from {{ this }} as known)
{% endif %}
