-- Every incident as its timeline leaves it; while it lasts, with what consumers have at the moment of reading.
with incidents as (
    select * from {{ ref('incident_states') }}
),

states as (
    select * from {{ ref('product_states') }}
)

select
    incidents.incident_id,
    incidents.product,
    incidents.cause,
    incidents.severity,
    incidents.status,
    incidents.opened_at,
    incidents.acknowledged_at,
    incidents.mitigated_at,
    incidents.resolved_at,
    incidents.reviewed_at,
    incidents.as_of,
    incidents.served_as_of,
    incidents.was_high,
    incidents.message,
    case
        when incidents.resolved_at is null then coalesce(states.fallback_mode, incidents.fallback_mode)
        else incidents.fallback_mode
    end as fallback_mode
from incidents
left join states on incidents.product = states.product
