-- Escalations: products with so many breaches of the SLA since the last one that the way of working has to change.
with breaches as (
    select * from {{ source('operations', 'sla_records') }}
    where outcome = 'breached'
),

contracts as (
    select * from {{ ref('prediction_contracts') }}
),

accounted_for as (
    select
        product,
        max(resolved_watermark) as watermark
    from {{ ref('incident_states') }}
    where cause = 'sla_escalation'
    group by product
)

select
    breaches.product,
    'sla_escalation' as cause,
    max(breaches.as_of) as as_of,
    max_by(breaches.kind, breaches.entry) = 'age' as needs_later_slot,
    max(breaches.entry) as watermark,
    max(breaches.deadline) as happened_at,
    count(*) || ' breaches of the SLA within ' || max(contracts.escalation_within_days)
    || ' days, the last for ' || {{ plain_date('max(breaches.as_of)') }} || '.' as message
from breaches
inner join contracts on breaches.product = contracts.product
left join accounted_for on breaches.product = accounted_for.product
where
    breaches.entry > coalesce(accounted_for.watermark, 0)
    and breaches.deadline > {{ current_utc_timestamp() }} + to_days(-contracts.escalation_within_days)
group by breaches.product
having count(*) >= max(contracts.escalation_breaches)
