-- Deadlines that hooks add to sla_records now: every slot since the last record, and runs that were served beyond their
-- maximum age. Days without a build are made up for by the next one.
with known as (
    select * from {{ source('operations', 'sla_records') }}
),

clock as (
    select {{ current_utc_timestamp() }} as checked_at
),

age_breaches as (
    select
        runs.product,
        'age' as kind,
        runs.as_of,
        runs.as_of + to_hours(contracts.max_age_hours) as deadline,
        'breached' as outcome
    from {{ ref('run_states') }} as runs
    inner join {{ ref('prediction_contracts') }} as contracts on runs.product = contracts.product
    inner join {{ ref('product_services') }} as services on runs.product = services.product
    cross join clock
    where
        runs.is_current
        and runs.as_of + to_hours(contracts.max_age_hours) between services.in_service_since and clock.checked_at
),

last_record as (
    select coalesce(max(entry), 0) as entry from known
),

found as (
    select
        product,
        'slot' as kind,
        as_of,
        deadline,
        outcome
    from {{ ref('slot_outcomes') }}

    union all

    select * from age_breaches
)

select
    found.product,
    found.kind,
    found.as_of,
    found.deadline,
    found.outcome,
    clock.checked_at as recorded_at,
    last_record.entry + row_number() over (order by found.deadline, found.product, found.kind) as entry
from found
cross join clock
cross join last_record
left join known
    on found.product = known.product and found.kind = known.kind and found.as_of = known.as_of
where known.entry is null
