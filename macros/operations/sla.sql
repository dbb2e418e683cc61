{#- What became of each deadline. The answer lies in the times of the ledger, so it does not matter when a
    build asks: days without any are made up for by the next one. -#}

{% macro due_sla_records() -%}
with contracts as (
    {{ contract_rows() }}
),

known as (
    select * from {{ source('operations', 'sla_records') }}
),

runs as (
    {{ run_states() }}
),

clock as (
    select {{ recorded_at() }} as checked_at
),

servings as (
    select
        ledger.*,
        {{ add_hours('ledger.as_of', 'contracts.deadline_hours') }} as deadline,
        {{ add_hours('ledger.as_of', 'contracts.max_age_hours') }} as usable_until
    from {{ source('operations', 'run_ledger') }} as ledger
    inner join contracts on ledger.product = contracts.product
    where ledger.status in ('published', 'released', 'withdrawn')
),

-- A product is in service once it has published what consumers can use: a slot of the past is no promise.
in_service as (
    select
        product,
        min(recorded_at) as since
    from servings
    where status <> 'withdrawn' and recorded_at <= usable_until
    group by product
),

days as (
    select
        contracts.product,
        contracts.cadence,
        contracts.anchor_days,
        contracts.deadline_hours,
        in_service.since,
        clock.checked_at,
        {{ each_day(add_hours('in_service.since', '-contracts.deadline_hours'), 'clock.checked_at') }} as slot_day
    from contracts
    inner join in_service on contracts.product = in_service.product
    cross join clock
),

slots as (
    select
        product,
        slot_day as as_of,
        {{ add_hours('slot_day', 'deadline_hours') }} as deadline
    from days
    where
        slot_day = {{ slot_at_or_before('slot_day', 'cadence', 'anchor_days') }}
        and {{ add_hours('slot_day', 'deadline_hours') }} > since
        and {{ add_hours('slot_day', 'deadline_hours') }} <= checked_at
),

served_at_deadline as (
    select
        product,
        as_of,
        run_id,
        max_by(status, entry) <> 'withdrawn' as is_served
    from servings
    where recorded_at <= deadline
    group by product, as_of, run_id
),

met as (
    select distinct
        product,
        as_of
    from served_at_deadline
    where is_served
),

slot_records as (
    select
        slots.product,
        'slot' as kind,
        slots.as_of,
        slots.deadline,
        case when met.as_of is null then 'breached' else 'met' end as outcome
    from slots
    left join met on slots.product = met.product and slots.as_of = met.as_of
),

age_records as (
    select
        runs.product,
        'age' as kind,
        runs.as_of,
        {{ add_hours('runs.as_of', 'contracts.max_age_hours') }} as deadline,
        'breached' as outcome
    from runs
    inner join contracts on runs.product = contracts.product
    inner join in_service on runs.product = in_service.product
    cross join clock
    where
        runs.is_current
        and {{ add_hours('runs.as_of', 'contracts.max_age_hours') }} between in_service.since and clock.checked_at
),

found as (
    select * from slot_records
    union all
    select * from age_records
)

select
    (select coalesce(max(known.entry), 0) from known)
    + row_number() over (order by found.deadline, found.product, found.kind) as entry,
    found.product,
    found.kind,
    found.as_of,
    found.deadline,
    found.outcome,
    clock.checked_at as recorded_at,
    '{{ invocation_id }}' as invocation_id
from found
cross join clock
left join known
    on found.product = known.product and found.kind = known.kind and found.as_of = known.as_of
where known.entry is null
{%- endmacro %}
