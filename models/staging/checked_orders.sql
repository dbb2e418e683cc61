with raw as (
    select * from {{ source('raw', 'orders') }}
),

typed as (
    select
        {{ trimmed('order_id') }} as order_id,
        {{ trimmed('customer_id') }} as customer_id,
        {{ as_instant('ordered_at') }} as ordered_at,
        {{ as_money('amount') }} as amount,
        {{ as_count('quantity') }} as quantity,
        {{ as_count('product_count') }} as product_count,
        {{ as_instant('loaded_at') }} as loaded_at,
        {{ is_not_finite('amount') }} as amount_not_finite,
        {{ unreadable_number('amount', as_money('amount')) }} as amount_unreadable,
        {{ unreadable_number('quantity', as_count('quantity')) }} as quantity_unreadable,
        {{ unreadable_number('product_count', as_count('product_count')) }} as product_count_unreadable,
        {{ unreadable('ordered_at', as_instant('ordered_at')) }} as ordered_at_unreadable,
        {{ unreadable('loaded_at', as_instant('loaded_at')) }} as loaded_at_unreadable,
        landed_file,
        raw as original
    from raw
)

select
    order_id,
    customer_id,
    ordered_at,
    amount,
    quantity,
    product_count,
    loaded_at,
    landed_file,
    case
        when order_id is null then 'order_id is null or blank'
        when {{ unstorable('order_id') }} then 'order_id cannot be stored'
        when customer_id is null then 'customer_id is null or blank'
        when {{ unstorable('customer_id') }} then 'customer_id cannot be stored'
        when ordered_at_unreadable then 'ordered_at cannot be parsed'
        when loaded_at_unreadable then 'loaded_at cannot be parsed'
        when amount_not_finite then 'amount is not finite'
        when amount_unreadable then 'amount cannot be parsed'
        when quantity_unreadable then 'quantity cannot be parsed'
        when product_count_unreadable then 'product_count cannot be parsed'
        when ordered_at is null then 'ordered_at is null'
        when loaded_at is null then 'loaded_at is null'
        when amount is null then 'amount is null'
        when abs(amount) > {{ var('largest_credible_amount') }} then 'amount is absurd'
        when {{ incredible('ordered_at') }} then 'ordered_at is absurd'
        when {{ incredible('loaded_at') }} then 'loaded_at is absurd'
        when ordered_at > loaded_at then 'ordered_at lies after loaded_at'
    end as rejection_reason,
    {{ row_as_it_came('orders', ['order_id', 'customer_id']) }}
from typed
