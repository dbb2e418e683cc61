with raw as (
    select * from {{ source('raw', 'orders') }}
),

customers as (
    select distinct customer_id from {{ ref('stg_customers') }}
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
        {{ unreadable('amount', as_money('amount')) }} as amount_unreadable,
        {{ unreadable('quantity', as_count('quantity')) }} as quantity_unreadable,
        {{ unreadable('product_count', as_count('product_count')) }} as product_count_unreadable,
        {{ unreadable('ordered_at', as_instant('ordered_at')) }} as ordered_at_unreadable,
        {{ unreadable('loaded_at', as_instant('loaded_at')) }} as loaded_at_unreadable,
        {{ json_record([
            'order_id', 'customer_id', 'ordered_at', 'amount', 'quantity', 'product_count', 'loaded_at'
        ]) }} as row_json
    from raw
)

select
    typed.order_id,
    typed.customer_id,
    typed.ordered_at,
    typed.amount,
    typed.quantity,
    typed.product_count,
    typed.loaded_at,
    typed.row_json,
    case
        when typed.order_id is null then 'order_id is null or blank'
        when typed.customer_id is null then 'customer_id is null or blank'
        when typed.ordered_at_unreadable then 'ordered_at cannot be parsed'
        when typed.loaded_at_unreadable then 'loaded_at cannot be parsed'
        when typed.amount_not_finite then 'amount is not finite'
        when typed.amount_unreadable then 'amount cannot be parsed'
        when typed.quantity_unreadable then 'quantity cannot be parsed'
        when typed.product_count_unreadable then 'product_count cannot be parsed'
        when typed.ordered_at is null then 'ordered_at is null'
        when typed.loaded_at is null then 'loaded_at is null'
        when typed.amount is null then 'amount is null'
        when abs(typed.amount) > {{ var('largest_credible_amount') }} then 'amount is absurd'
        when typed.ordered_at > typed.loaded_at then 'ordered_at lies after loaded_at'
        when customers.customer_id is null then 'customer is unknown'
    end as rejection_reason
from typed
left join customers on typed.customer_id = customers.customer_id
