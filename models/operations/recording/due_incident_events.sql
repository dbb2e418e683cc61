-- Events that hooks add to incident_events now: changes of incidents, and reviews that were written down.
with incidents as (
    select * from {{ ref('incident_states') }}
),

changes as (
    select
        *,
        product || '-' || replace(cause, '_', '-') || '-'
        || replace(cast(cast({{ current_utc_timestamp() }} as date) as text), '-', '') as base_name
    from {{ ref('incident_changes') }}
),

reviews as (
    select * from {{ ref('incident_reviews') }}
    where root_cause <> '' and preventive_action <> ''
),

events as (
    select
        coalesce(
            changes.incident_id,
            changes.base_name || (
                select case when count(*) > 0 then '-' || cast(count(*) + 1 as text) else '' end
                from incidents
                where left(incidents.incident_id, length(changes.base_name)) = changes.base_name
            )
        ) as incident_id,
        changes.product,
        changes.cause,
        changes.event,
        changes.severity,
        changes.fallback_mode,
        changes.as_of,
        changes.served_as_of,
        {{ incident_message('changes') }} as message,
        changes.watermark
    from changes

    union all

    select
        incidents.incident_id,
        incidents.product,
        incidents.cause,
        'reviewed' as event,
        incidents.severity,
        incidents.fallback_mode,
        incidents.as_of,
        incidents.served_as_of,
        'Root cause and preventive action are in seeds/incident_reviews.csv.' as message,
        incidents.resolved_watermark as watermark
    from incidents
    where
        incidents.status = 'resolved'
        and incidents.incident_id in (select reviews.incident_id from reviews)
),

last_event as (
    select coalesce(max(event_number), 0) as event_number
    from {{ source('operations', 'incident_events') }}
)

select
    last_event.event_number + row_number() over (order by events.incident_id, events.event) as event_number,
    events.*,
    {{ current_utc_timestamp() }} as recorded_at,
    cast(null as text) as recorded_by
from events
cross join last_event
