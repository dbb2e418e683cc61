-- News about incidents for their owners: events that open, worsen or end one, and duties that are overdue.
with events as (
    select
        *,
        lag(severity) over (partition by incident_id order by event_number) as former_severity
    from {{ source('operations', 'incident_events') }}
)

select
    incident_id,
    event as occasion,
    cast(event_number as text) as occasion_key,
    severity,
    replace(event, '_', ' ') as headline,
    message
from events
where
    event in ('opened', 'recurred', 'mitigated', 'resolved')
    -- Less severe is no news; more severe is.
    or (event = 'severity_changed' and (severity = 'high' or former_severity = 'low'))

union all

select
    duties.incident_id,
    'overdue' as occasion,
    duties.duty || '|' || duties.subject || '|' || cast(duties.due_on as text) as occasion_key,
    incidents.severity,
    replace(duties.duty, '_', ' ') || ' overdue' as headline,
    'The ' || replace(duties.duty, '_', ' ') || ' (' || replace(duties.subject, '_', ' ') || ') by '
    || coalesce(duties.owner, 'nobody') || ' was due on ' || cast(duties.due_on as text) || '.' as message
from {{ ref('review_duties') }} as duties
inner join {{ ref('incident_states') }} as incidents on duties.incident_id = incidents.incident_id
where duties.is_overdue
