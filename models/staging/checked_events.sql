with raw as (
    select * from {{ source('raw', 'events') }}
),

customers as (
    select distinct customer_id from {{ ref('stg_customers') }}
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
        {{ json_record(['event_id', 'customer_id', 'event_type', 'occurred_at', 'loaded_at']) }} as row_json
    from raw
)

select
    typed.event_id,
    typed.customer_id,
    typed.event_type,
    typed.occurred_at,
    typed.loaded_at,
    typed.row_json,
    case
        when typed.event_id is null then 'event_id is null or blank'
        when typed.customer_id is null then 'customer_id is null or blank'
        when typed.occurred_at_unreadable then 'occurred_at cannot be parsed'
        when typed.loaded_at_unreadable then 'loaded_at cannot be parsed'
        when typed.event_type is null then 'event_type is null or blank'
        when typed.occurred_at is null then 'occurred_at is null'
        when typed.loaded_at is null then 'loaded_at is null'
        when typed.occurred_at > typed.loaded_at then 'occurred_at lies after loaded_at'
        when customers.customer_id is null then 'customer is unknown'
    end as rejection_reason
from typed
left join customers on typed.customer_id = customers.customer_id
