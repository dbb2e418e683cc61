select
    event_id,
    customer_id,
    event_type,
    occurred_at,
    loaded_at
from {{ ref('checked_events') }}
where rejection_reason is null
