-- depends_on: {{ ref('stg_customers') }}
-- Customers are landed first: a row of a customer who is not known yet is noted.
select
    order_id,
    customer_id,
    ordered_at,
    amount,
    quantity,
    product_count,
    loaded_at,
    source_text,
    landed_file,
    -- The landing writes its number.
    cast(null as bigint) as landed_in
from {{ ref('checked_orders') }}
where rejection_reason is null
