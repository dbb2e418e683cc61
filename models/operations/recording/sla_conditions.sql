-- Missed deadlines. A run of the same slot or a later one mitigates them (of a later one, where a run was served
-- beyond its maximum age); a run of a later slot that is published in time resolves them.
with breaches as (
    select
        product,
        'sla_breach' as cause,
        as_of,
        kind = 'age' as needs_later_slot,
        entry as watermark,
        deadline as happened_at,
        case kind
            when 'slot' then 'The slot ' || {{ plain_date('as_of') }} || ' was not published by its deadline, '
            else
                'The predictions as of '
                || {{ plain_date('as_of') }}
                || ' were served beyond their maximum age, reached at '
        end || cast(deadline as text) || ' UTC.' as message
    from {{ source('operations', 'sla_records') }}
    where outcome = 'breached'
),

deadlines as (
    select * from breaches
    union all
    select * from {{ ref('escalation_conditions') }}
),

recoveries as (
    select
        product,
        max(as_of) as newest_as_of,
        max(case when is_in_time then as_of end) as newest_in_time_as_of
    from {{ ref('service_recoveries') }}
    group by product
)

select
    deadlines.product,
    deadlines.cause,
    deadlines.as_of,
    deadlines.watermark,
    deadlines.happened_at,
    deadlines.message,
    coalesce(
        recoveries.newest_as_of > deadlines.as_of
        or (recoveries.newest_as_of = deadlines.as_of and not deadlines.needs_later_slot), false
    ) as is_mitigated,
    coalesce(recoveries.newest_in_time_as_of > deadlines.as_of, false) as is_resolved
from deadlines
left join recoveries on deadlines.product = recoveries.product
