-- Orders in the label window of each snapshot, in the version that counts by macros/features/as_of.sql at the window's
-- own data cutoff.
{%- set contract = contract_of(product_at_hand()) %}
{%- set lag_hours = contract.schedule.availability_lag_hours %}

with windows as (
    select distinct
        as_of,
        {{ add_days('as_of', contract.horizon_days) }} as window_end
    from {{ source('operations', 'snapshot_manifest') }}
),

-- Only an order with a version in the window can have its last one there.
in_window as (
    select distinct
        windows.as_of,
        windows.window_end,
        orders.order_id
    from {{ ref('stg_orders') }} as orders
    inner join windows
        on
            orders.ordered_at >= windows.as_of
            and {{ has_happened('orders.ordered_at', 'windows.window_end') }}
            and {{ is_known('orders.loaded_at', add_hours('windows.window_end', lag_hours)) }}
),

versions as (
    select
        in_window.as_of,
        in_window.window_end,
        {{ last_version(['ordered_at', 'customer_id', 'amount'], 'orders') }} as version
    from {{ ref('stg_orders') }} as orders
    inner join in_window
        on
            orders.order_id = in_window.order_id
            and {{ is_known('orders.loaded_at', add_hours('in_window.window_end', lag_hours)) }}
    group by in_window.as_of, in_window.window_end, orders.order_id
)

select
    as_of,
    version['customer_id'] as customer_id,
    version['ordered_at'] as ordered_at,
    version['amount'] as amount
from versions
where version['ordered_at'] >= as_of and {{ has_happened("version['ordered_at']", 'window_end') }}
