-- The share of slots that were published in time, over the 30 and the 90 days before the moment of reading.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

slots as (
    select * from {{ source('operations', 'sla_records') }}
    where kind = 'slot'
),

spans as (
    select 30 as window_days
    union all
    select 90 as window_days
),

counted as (
    select
        contracts.product,
        spans.window_days,
        contracts.sla_target,
        count(slots.entry) as slots,
        count(case when slots.outcome = 'met' then slots.entry end) as met
    from contracts
    cross join spans
    left join slots
        on
            contracts.product = slots.product
            and slots.deadline > {{ add_days(current_utc_timestamp(), '-spans.window_days') }}
            and slots.deadline <= {{ current_utc_timestamp() }}
    group by contracts.product, spans.window_days, contracts.sla_target
)

select
    product,
    window_days,
    slots,
    met,
    sla_target as target,
    cast(met as double) / nullif(slots, 0) as attainment,
    cast(met as double) / nullif(slots, 0) >= sla_target as is_met
from counted
