-- Event of a person's decision on an incident. Variables: `reviewed`, its id; `decision`, acknowledged or resolved;
-- `note`; and `by`. The incident accounts for everything known by now: only a later watermark opens another one.
{{ config(materialized='ephemeral') }}
with newest as (
    select
        *,
        max(event_number) over () as last_number
    from {{ source('operations', 'incident_events') }}
    qualify incident_id = {{ literal(reviewed) }} and event_number = max(event_number) over (partition by incident_id)
)

select
    newest.last_number + 1 as event_number,
    newest.incident_id,
    newest.product,
    newest.cause,
    {{ literal(decision) }} as event,
    newest.severity,
    newest.fallback_mode,
    newest.as_of,
    newest.served_as_of,
    {{ literal(note) }} as message,
    coalesce(known_watermarks.watermark, newest.watermark) as watermark,
    {{ recorded_at() }} as recorded_at,
    {{ literal(by) }} as recorded_by,
    '{{ invocation_id }}' as invocation_id
from newest
left join {{ ref('known_watermarks') }} as known_watermarks
    on newest.product = known_watermarks.product and newest.cause = known_watermarks.cause
