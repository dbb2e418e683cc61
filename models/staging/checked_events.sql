with raw as (
    select * from {{ source('raw', 'events') }}
),

typed as (
    select
        {{ trimmed('event_id') }} as event_id,
        {{ trimmed('customer_id') }} as customer_id,
        {{ trimmed('event_type') }} as event_type,
        {{ as_instant('occurred_at') }} as occurred_at,
        {{ as_instant('loaded_at') }} as loaded_at,
        {{ unreadable('occurred_at', as_instant('occurred_at')) }} as occurred_at_unreadable,
        {{ unreadable('loaded_at', as_instant('loaded_at')) }} as loaded_at_unreadable,
        landed_file,
        raw as original
    from raw
)

select
    event_id,
    customer_id,
    event_type,
    occurred_at,
    loaded_at,
    landed_file,
    case
        when event_id is null then 'event_id is null or blank'
        when {{ unstorable('event_id') }} then 'event_id cannot be stored'
        when customer_id is null then 'customer_id is null or blank'
        when {{ unstorable('customer_id') }} then 'customer_id cannot be stored'
        when occurred_at_unreadable then 'occurred_at cannot be parsed'
        when loaded_at_unreadable then 'loaded_at cannot be parsed'
        when event_type is null then 'event_type is null or blank'
        when {{ unstorable('event_type') }} then 'event_type cannot be stored'
        when occurred_at is null then 'occurred_at is null'
        when loaded_at is null then 'loaded_at is null'
        when {{ incredible('occurred_at') }} then 'occurred_at is absurd'
        when {{ incredible('loaded_at') }} then 'loaded_at is absurd'
        when occurred_at > loaded_at then 'occurred_at lies after loaded_at'
    end as rejection_reason,
    {{ row_as_it_came('events', ['event_id', 'customer_id', 'event_type']) }}
from typed
