-- The features of a snapshot as a script without any promise would make them: one pass over the raw files, the newest
-- version of each key, no rejected rows, no digests, floating-point arithmetic.
with orders as (
    select
        order_id,
        arg_max(customer_id, loaded_at) as customer_id,
        arg_max(ordered_at, loaded_at) as ordered_at,
        arg_max(amount, loaded_at) as amount,
        arg_max(quantity, loaded_at) as quantity,
        arg_max(product_count, loaded_at) as product_count
    from read_parquet('{raw}/orders/*.parquet')
    where loaded_at < timestamp '{as_of}' + interval 6 hour and ordered_at < timestamp '{as_of}'
    group by order_id
),

aged as (
    select
        *,
        date_diff('day', ordered_at, timestamp '{as_of}') as age,
        amount > 0 as bought,
        cast(ordered_at as date) as day
    from orders
),

per_customer as (
    select
        customer_id,
        max(ordered_at) filter (bought) as last_order_at,
        min(ordered_at) filter (bought) as first_order_at,
        count(*) filter (bought) as order_count,
        count(distinct day) filter (bought) as order_day_count,
        {windows}
        sum(amount) as revenue_total,
        avg(amount) filter (bought) as average_order_value,
        stddev_samp(amount) filter (bought) as order_value_stddev,
        max(amount) filter (bought) as largest_order_value,
        arg_max(amount, ordered_at) filter (bought) as last_order_value,
        count(*) filter (amount < 0) as return_count,
        count(*) filter (amount < 0 and age <= 365) as return_count_365d,
        -sum(amount) filter (amount < 0) as returned_amount,
        avg(quantity) filter (bought) as average_quantity,
        avg(product_count) filter (bought) as average_product_count,
        max(product_count) filter (bought) as largest_product_count,
        count(distinct age // 30) filter (bought and age < 360) as active_months_360d,
        list_sort(list(epoch(ordered_at) / 86400) filter (bought)) as days
    from aged
    group by customer_id
),

events as (
    select
        customer_id,
        count(*) filter (age <= 30) as event_count_30d,
        count(*) filter (age <= 90) as event_count_90d,
        count(*) filter (age <= 30) - count(*) filter (age > 30 and age <= 60) as event_count_change_30d,
        count(distinct event_type) filter (age <= 90) as event_type_count_90d,
        min(age) as days_since_last_event
    from (
        select *, date_diff('day', occurred_at, timestamp '{as_of}') as age
        from read_parquet('{raw}/events/*.parquet')
        where loaded_at < timestamp '{as_of}' + interval 6 hour and occurred_at < timestamp '{as_of}'
    ) as dated
    where age <= 365
    group by customer_id
),

customers as (
    select
        customer_id,
        arg_max(country, loaded_at) as country,
        arg_max(signed_up_at, loaded_at) as signed_up_at
    from read_parquet('{raw}/customers/*.parquet')
    where loaded_at < timestamp '{as_of}' + interval 6 hour and signed_up_at < timestamp '{as_of}'
    group by customer_id
)

select
    customers.customer_id,
    customers.country,
    date_diff('day', customers.signed_up_at, timestamp '{as_of}') as tenure_days,
    date_diff('day', last_order_at, timestamp '{as_of}') as recency_days,
    date_diff('day', first_order_at, timestamp '{as_of}') as days_since_first_order,
    date_diff('day', first_order_at, last_order_at) / nullif(order_day_count - 1, 0) as mean_days_between_orders,
    list_stddev_samp(list_transform(list_zip(days[2:], days[:-2]), lambda pair: pair[1] - pair[2]))
        as stddev_days_between_orders,
    recency_days / nullif(mean_days_between_orders, 0) as recency_to_gap_ratio,
    return_count / nullif(order_count, 0) as return_rate,
    per_customer.* exclude (customer_id, last_order_at, first_order_at, days),
    events.* exclude (customer_id)
from customers
left join per_customer using (customer_id)
left join events using (customer_id)
