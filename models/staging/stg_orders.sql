select
    order_id,
    customer_id,
    ordered_at,
    amount,
    quantity,
    product_count,
    loaded_at
from {{ ref('checked_orders') }}
where rejection_reason is null
