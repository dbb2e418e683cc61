-- The newest watermark of each product and cause, resolved or not: an incident that a person resolves accounts for all
-- that is known by then.
with known as (
    select
        product,
        cause,
        watermark
    from {{ ref('known_conditions') }}
    where cause <> 'sla_escalation'

    union all

    -- Each breach is a step towards an escalation.
    select
        product,
        'sla_escalation' as cause,
        watermark
    from {{ ref('known_conditions') }}
    where cause = 'sla_breach'
)

select
    product,
    cause,
    max(watermark) as watermark
from known
group by product, cause
