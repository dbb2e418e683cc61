-- Events of each incident, with what tells whether the incident is news: when it opened, ended, and its status.
select
    events.event_number,
    events.incident_id,
    events.event,
    events.recorded_at,
    events.recorded_by,
    events.message,
    incidents.opened_at,
    incidents.resolved_at,
    incidents.status
from {{ source('operations', 'incident_events') }} as events
inner join {{ ref('incident_states') }} as incidents on events.incident_id = incidents.incident_id
