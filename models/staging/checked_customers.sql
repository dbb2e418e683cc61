with raw as (
    select * from {{ source('raw', 'customers') }}
),

typed as (
    select
        {{ trimmed('customer_id') }} as customer_id,
        {{ as_instant('signed_up_at') }} as signed_up_at,
        {{ trimmed('country') }} as country,
        {{ as_instant('loaded_at') }} as loaded_at,
        {{ unreadable('signed_up_at', as_instant('signed_up_at')) }} as signed_up_at_unreadable,
        {{ unreadable('loaded_at', as_instant('loaded_at')) }} as loaded_at_unreadable,
        {{ json_record(['customer_id', 'signed_up_at', 'country', 'loaded_at']) }} as row_json
    from raw
)

select
    customer_id,
    signed_up_at,
    country,
    loaded_at,
    row_json,
    case
        when customer_id is null then 'customer_id is null or blank'
        when signed_up_at_unreadable then 'signed_up_at cannot be parsed'
        when loaded_at_unreadable then 'loaded_at cannot be parsed'
        when signed_up_at is null then 'signed_up_at is null'
        when loaded_at is null then 'loaded_at is null'
        when signed_up_at > loaded_at then 'signed_up_at lies after loaded_at'
    end as rejection_reason
from typed
