-- Every incident as its timeline leaves it.
with events as (
    select
        *,
        {{ level('severity') }} as severity_level,
        event not in ('notified', 'severity_changed') as is_step,
        event in ('opened', 'recurred') as is_occurrence
    from {{ source('operations', 'incident_events') }}
)

select
    incident_id,
    product,
    cause,
    max_by(severity, event_number) as severity,
    max(severity_level) = 3 as was_high,
    case max_by(event, event_number) filter (where is_step)
        when 'opened' then 'open'
        when 'recurred' then 'open'
        else max_by(event, event_number) filter (where is_step)
    end as status,
    min(recorded_at) as opened_at,
    max(case when event = 'acknowledged' then recorded_at end) as acknowledged_at,
    max(case when event = 'mitigated' then recorded_at end) as mitigated_at,
    max(case when event = 'resolved' then recorded_at end) as resolved_at,
    max(case when event = 'reviewed' then recorded_at end) as reviewed_at,
    max_by(fallback_mode, event_number) as fallback_mode,
    min_by(as_of, event_number) as as_of,
    max_by(served_as_of, event_number) as served_as_of,
    coalesce(
        max_by(message, event_number) filter (where is_occurrence), max_by(message, event_number)
    ) as message,
    max(case when event = 'resolved' then watermark end) as resolved_watermark
from events
group by incident_id, product, cause
