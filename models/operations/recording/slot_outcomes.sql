-- Every slot since a product is in service whose deadline has passed, and whether it was met: by a run of the slot
-- that was published, and not withdrawn, by then. The times are those of the ledger: a later build finds the same.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

clock as (
    select {{ current_utc_timestamp() }} as checked_at
),

services as (
    select * from {{ ref('product_services') }}
    where in_service_since is not null
),

days as (
    select
        services.product,
        contracts.cadence,
        contracts.anchor_days,
        contracts.deadline_hours,
        services.in_service_since as since,
        clock.checked_at,
        unnest(generate_series(
            date_trunc('day', services.in_service_since + to_hours(-contracts.deadline_hours)),
            date_trunc('day', clock.checked_at),
            interval '1' day
        )) as slot_day
    from contracts
    inner join services on contracts.product = services.product
    cross join clock
),

slots as (
    select
        product,
        slot_day as as_of,
        {{ deadline('slot_day', 'deadline_hours') }} as deadline
    from days
    where
        slot_day = {{ slot_at_or_before('slot_day', 'cadence', 'anchor_days') }}
        and {{ deadline('slot_day', 'deadline_hours') }} > since
        and {{ deadline('slot_day', 'deadline_hours') }} <= checked_at
),

served_at_deadline as (
    select
        ledger.product,
        ledger.as_of,
        ledger.run_id,
        max_by(ledger.status, ledger.entry) <> 'withdrawn' as is_served
    from {{ source('operations', 'run_ledger') }} as ledger
    inner join contracts on ledger.product = contracts.product
    where
        ledger.status in ('published', 'released', 'withdrawn')
        and ledger.recorded_at <= {{ deadline('ledger.as_of', 'contracts.deadline_hours') }}
    group by ledger.product, ledger.as_of, ledger.run_id
),

met as (
    select distinct
        product,
        as_of
    from served_at_deadline
    where is_served
)

select
    slots.product,
    slots.as_of,
    slots.deadline,
    case when met.as_of is null then 'breached' else 'met' end as outcome
from slots
left join met on slots.product = met.product and slots.as_of = met.as_of
