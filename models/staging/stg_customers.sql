select
    customer_id,
    signed_up_at,
    country,
    loaded_at
from {{ ref('checked_customers') }}
where rejection_reason is null
