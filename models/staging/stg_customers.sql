select
    customer_id,
    signed_up_at,
    country,
    loaded_at,
    source_text,
    landed_file,
    -- The landing writes its number.
    cast(null as bigint) as landed_in
from {{ ref('checked_customers') }}
where rejection_reason is null
