-- Features from a customer's orders: purchases have a positive amount, returns a negative one, and revenue is net of
-- returns. The windows but the longest are compared with those of the same length that lie `before` them.
{% set windows = [30, 90, 180, 365] %}

with orders as (
    select
        *,
        cast(amount * 100 as bigint) as cents,
        {{ microseconds_between('ordered_at', 'as_of') }} as age,
        amount > 0 as is_purchase
    from {{ ref('orders_as_of') }}
),

totals as (
    select
        as_of,
        customer_id,
        count(*) filter (where is_purchase) as order_count,
        count(*) filter (where amount < 0) as return_count,
        count(*) filter (where amount < 0 and {{ within_days('age', 365) }}) as return_count_365d,
        {% for days in windows %}
        count(*) filter (where is_purchase and {{ within_days('age', days) }}) as order_count_{{ days }}d,
        coalesce(sum(amount) filter (where {{ within_days('age', days) }}), 0) as revenue_{{ days }}d,
        {% endfor %}
        {% for days in windows[:3] %}
        count(*) filter (where is_purchase and {{ within_preceding_days('age', days) }}) as orders_before_{{ days }}d,
        coalesce(sum(amount) filter (where {{ within_preceding_days('age', days) }}), 0) as revenue_before_{{ days }}d,
        {% endfor %}
        min(ordered_at) filter (where is_purchase) as first_order_at,
        max(ordered_at) filter (where is_purchase) as last_order_at,
        -- Instant and value in one number: of purchases in one instant the larger is the last.
        max((cast(epoch_us(ordered_at) as hugeint) << 64) + cents) filter (where is_purchase) as last_order,
        max(amount) filter (where is_purchase) as largest_order_value,
        sum(amount) as revenue_total,
        sum(amount) filter (where amount < 0) as returned_amount,
        sum(cents) filter (where is_purchase) as purchase_cents,
        sum(cast(cents as decimal(38, 0)) * cents) filter (where is_purchase) as purchase_cents_squared,
        sum(quantity) filter (where is_purchase) as quantity,
        count(quantity) filter (where is_purchase) as orders_with_quantity,
        sum(product_count) filter (where is_purchase) as product_count,
        count(product_count) filter (where is_purchase) as orders_with_product_count,
        max(product_count) filter (where is_purchase) as largest_product_count,
        bit_or({{ month_bit('age') }}) filter (where is_purchase and {{ within_days('age', 360) }}) as active_months,
        list_sort(list(cast(ordered_at as date) - date '2000-01-01') filter (where is_purchase)) as order_days
    from orders
    group by as_of, customer_id
)

select
    as_of,
    customer_id,
    first_order_at,
    last_order_at,
    {% for count in ['order_count', 'return_count', 'return_count_365d', 'largest_product_count'] %}
    cast({{ count }} as integer) as {{ count }},
    {% endfor %}
    cast(case when order_count > 0 then {{ day_gap_count('order_days') }} + 1 else 0 end as integer) as order_day_count,
    {% for days in windows %}
    cast(order_count_{{ days }}d as integer) as order_count_{{ days }}d,
    cast(revenue_{{ days }}d as decimal(18, 2)) as revenue_{{ days }}d,
    {% endfor %}
    {% for days in windows[:3] %}
    cast(order_count_{{ days }}d - orders_before_{{ days }}d as integer) as order_count_change_{{ days }}d,
    cast(revenue_{{ days }}d - revenue_before_{{ days }}d as decimal(18, 2)) as revenue_change_{{ days }}d,
    {% endfor %}
    cast(revenue_total as decimal(18, 2)) as revenue_total,
    {{ exact_ratio('purchase_cents', 'order_count * 100', 18, 2) }} as average_order_value,
    {{ exact_stddev('order_count', 'purchase_cents', 'purchase_cents_squared', 100) }} as order_value_stddev,
    cast(largest_order_value as decimal(18, 2)) as largest_order_value,
    cast(cast(last_order & 18446744073709551615 as decimal(20, 0)) / 100 as decimal(18, 2)) as last_order_value,
    {{ exact_ratio(day_span('order_days'), day_gap_count('order_days'), 9, 2) }} as mean_days_between_orders,
    {{ exact_stddev(
        day_gap_count('order_days'), day_span('order_days'), squared_day_gaps('order_days')
    ) }} as stddev_days_between_orders,
    {{ exact_ratio('return_count', 'order_count', 9, 4) }} as return_rate,
    cast(coalesce(-returned_amount, 0) as decimal(18, 2)) as returned_amount,
    {{ exact_ratio('quantity', 'orders_with_quantity', 18, 2) }} as average_quantity,
    {{ exact_ratio('product_count', 'orders_with_product_count', 18, 2) }} as average_product_count,
    cast(coalesce(bit_count(active_months), 0) as integer) as active_months_360d
from totals
