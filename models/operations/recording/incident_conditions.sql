-- Conditions of incidents that are neither accounted for nor resolved, one row per product and cause: each open
-- incident has one, and each condition an incident.
with conditions as (
    select * from {{ ref('known_conditions') }}
),

accounted_for as (
    select
        product,
        cause,
        max(resolved_watermark) as watermark
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
left join accounted_for
    on conditions.product = accounted_for.product and conditions.cause = accounted_for.cause
where not conditions.is_resolved and conditions.watermark > coalesce(accounted_for.watermark, 0)
group by conditions.product, conditions.cause
