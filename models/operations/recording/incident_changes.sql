-- Changes of incidents now: opened, mitigated, recurred, resolved, or changed in severity.
with conditions as (
    select * from {{ ref('incident_conditions') }}
),

unresolved as (
    select * from {{ ref('incident_states') }}
    where status not in ('resolved', 'reviewed')
),

consumers as (
    select
        product,
        max_by(criticality, {{ level('criticality') }}) as criticality
    from {{ ref('product_consumers') }}
    group by product
),

compared as (
    select
        unresolved.incident_id,
        unresolved.status,
        unresolved.severity as former_severity,
        conditions.message,
        coalesce(conditions.product, unresolved.product) as product,
        coalesce(conditions.cause, unresolved.cause) as cause,
        coalesce(conditions.as_of, unresolved.as_of) as as_of,
        conditions.product is not null as is_present,
        coalesce(conditions.is_mitigated, false) as is_mitigated,
        coalesce(conditions.watermark, known_watermarks.watermark) as watermark
    from conditions
    full outer join unresolved
        on conditions.product = unresolved.product and conditions.cause = unresolved.cause
    left join {{ ref('known_watermarks') }} as known_watermarks
        on unresolved.product = known_watermarks.product and unresolved.cause = known_watermarks.cause
),

judged as (
    select
        compared.*,
        states.as_of as served_as_of,
        states.freshness,
        states.fallback_mode,
        {{ severity('compared.cause', 'consumers.criticality', 'states') }} as severity_now
    from compared
    left join {{ ref('product_states') }} as states on compared.product = states.product
    left join consumers on compared.product = consumers.product
),

decided as (
    select
        *,
        case
            when incident_id is null then 'opened'
            when not is_present then 'resolved'
            when is_mitigated and status <> 'mitigated' then 'mitigated'
            when status = 'mitigated' and not is_mitigated then 'recurred'
            when status <> 'mitigated' and severity_now <> former_severity then 'severity_changed'
        end as event
    from judged
)

select
    *,
    -- A resolved incident stays as severe as it was.
    case when event in ('mitigated', 'resolved') then former_severity else severity_now end as severity
from decided
where event is not null
