-- Every deadline that was missed: how late, why, and whether it still waits. One row per slot, and one per
-- run that was served beyond its maximum age.
with breaches as (
    select * from {{ source('operations', 'sla_records') }}
    where outcome = 'breached'
),

ledger as (
    select * from {{ source('operations', 'run_ledger') }}
),

clock as (
    select {{ current_utc_timestamp() }} as read_at
),

-- The publication that ended the breach: of the slot or a newer one, after the deadline.
publications as (
    select
        breaches.entry,
        min(ledger.recorded_at) as closed_at,
        min(case when ledger.as_of = breaches.as_of then ledger.recorded_at end) as published_at
    from breaches
    inner join ledger
        on
            breaches.product = ledger.product
            and ledger.status in ('published', 'released')
            and breaches.deadline < ledger.recorded_at
            and breaches.as_of <= ledger.as_of
            and (breaches.kind = 'slot' or breaches.as_of < ledger.as_of)
    group by breaches.entry
),

failed_attempts as (
    select
        product,
        as_of,
        max_by(status, attempt) as status,
        max_by(reason, attempt) as reason
    from {{ ref('attempts') }}
    where status in ('failed', 'crashed', 'quarantined', 'withdrawn')
    group by product, as_of
)

select
    breaches.product,
    breaches.kind,
    breaches.as_of,
    breaches.deadline,
    case
        when publications.closed_at is null then 'open'
        when breaches.kind = 'age' or publications.published_at = publications.closed_at then 'late'
        else 'missed'
    end as outcome,
    publications.closed_at,
    {{ hours_between('breaches.deadline', 'coalesce(publications.closed_at, clock.read_at)') }} as hours_late,
    case
        when breaches.kind = 'age' then 'No newer run was published before it was too old.'
        when failed_attempts.status is not null then failed_attempts.status || ': ' || failed_attempts.reason
        when publications.published_at is not null then 'No build ran between the data cutoff and the deadline.'
        else 'No build tried this slot.'
    end as reason,
    breaches.recorded_at
from breaches
cross join clock
left join publications on breaches.entry = publications.entry
left join failed_attempts
    on breaches.product = failed_attempts.product and breaches.as_of = failed_attempts.as_of
