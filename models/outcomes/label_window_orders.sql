-- Orders in the label window of each snapshot, in the version known at the window's own data cutoff.
{%- set contract = contract_of(product_at_hand()) %}

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
            and orders.ordered_at < windows.window_end
            and orders.loaded_at < {{ add_hours('windows.window_end', contract.schedule.availability_lag_hours) }}
),

versions as (
    select
        in_window.as_of,
        max({{ ordered_record(['loaded_at', 'ordered_at', 'customer_id', 'amount'], 'orders') }}) as version
    from {{ ref('stg_orders') }} as orders
    inner join in_window
        on
            orders.order_id = in_window.order_id
            and orders.ordered_at < in_window.window_end
            and orders.loaded_at < {{ add_hours('in_window.window_end', contract.schedule.availability_lag_hours) }}
    group by in_window.as_of, orders.order_id
)

select
    as_of,
    version['customer_id'] as customer_id,
    version['ordered_at'] as ordered_at,
    version['amount'] as amount
from versions
where version['ordered_at'] >= as_of
