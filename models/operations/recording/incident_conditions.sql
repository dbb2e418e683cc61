-- Conditions of incidents that are neither accounted for nor resolved, of products in service, one row per product and
-- cause: each open incident has one, and each condition an incident.
with conditions as (
    select * from {{ ref('known_conditions') }}
),

services as (
    select * from {{ ref('product_services') }}
),

incidents as (
    select
        product,
        cause,
        max(resolved_watermark) as accounted_for,
        bool_or(status not in ('resolved', 'reviewed')) as is_unresolved
    from {{ ref('incident_states') }}
    group by product, cause
)

select
    conditions.product,
    conditions.cause,
    max_by(conditions.as_of, conditions.watermark) as as_of,
    max(conditions.watermark) as watermark,
    max_by(conditions.message, conditions.watermark) as message,
    bool_and(conditions.is_mitigated) as is_mitigated
from conditions
left join incidents
    on conditions.product = incidents.product and conditions.cause = incidents.cause
left join services on conditions.product = services.product
where
    not conditions.is_resolved
    and conditions.watermark > coalesce(incidents.accounted_for, 0)
    -- An incident that is open goes on. What happened in commissioning opens none, also once the product is in service.
    -- Deadlines are only recorded of products in service, and denied reads are no matter of connecting data.
    and (
        services.product is null
        or conditions.cause in ('sla_breach', 'sla_escalation', 'access_denied')
        or conditions.happened_at >= services.in_service_since
        or incidents.is_unresolved
    )
group by conditions.product, conditions.cause
