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
        landed_file,
        raw as original
    from raw
)

select
    customer_id,
    signed_up_at,
    country,
    loaded_at,
    landed_file,
    case
        when customer_id is null then 'customer_id is null or blank'
        when {{ unstorable('customer_id') }} then 'customer_id cannot be stored'
        when {{ unstorable('country') }} then 'country cannot be stored'
        when signed_up_at_unreadable then 'signed_up_at cannot be parsed'
        when loaded_at_unreadable then 'loaded_at cannot be parsed'
        when signed_up_at is null then 'signed_up_at is null'
        when loaded_at is null then 'loaded_at is null'
        when {{ incredible('signed_up_at') }} then 'signed_up_at is absurd'
        when {{ incredible('loaded_at') }} then 'loaded_at is absurd'
        when signed_up_at > loaded_at then 'signed_up_at lies after loaded_at'
    end as rejection_reason,
    {{ row_as_it_came('customers', ['customer_id', 'country']) }}
from typed
