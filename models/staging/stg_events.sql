-- depends_on: {{ ref('stg_customers') }}
-- Customers are landed first: a row of a customer who is not known yet is noted.
select
    event_id,
    customer_id,
    event_type,
    occurred_at,
    loaded_at,
    source_text,
    landed_file,
    -- The landing writes its number.
    cast(null as bigint) as landed_in
from {{ ref('checked_events') }}
where rejection_reason is null
