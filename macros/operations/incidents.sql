{#- Incidents: one per product and cause, opened and closed by what is wrong and what makes it good. -#}

{% macro incident_states() -%}
with events as (
    select * from {{ source('operations', 'incident_events') }}
)

select
    incident_id,
    product,
    cause,
    max_by(severity, event_number) as severity,
    max({{ level('severity') }}) = 3 as was_high,
    case max_by(event, event_number) filter (where event not in ('notified', 'severity_changed'))
        when 'opened' then 'open'
        when 'recurred' then 'open'
        else max_by(event, event_number) filter (where event not in ('notified', 'severity_changed'))
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
        max_by(message, event_number) filter (where event in ('opened', 'recurred')), max_by(message, event_number)
    ) as message,
    max(case when event = 'resolved' then watermark end) as resolved_watermark
from events
group by incident_id, product, cause
{%- endmacro %}


{#- By the consumers that depend on the product, and how long they have been served stale: a level below their
    criticality while what they have may be used, a level above once it is twice as old as it may be. An
    escalation is as severe as its consumers are critical, for its breaches are over by then. -#}
{% macro severity(cause, criticality, state) -%}
    case
        when {{ cause }} in ('access_denied', 'access_log_gap') then 'medium'
        else case
            {{ level('coalesce(' ~ criticality ~ ", 'low')") }} + case
                when {{ cause }} = 'sla_escalation' then 0
                when {{ state }}.freshness in ('fresh', 'due') then -1
                when {{ state }}.age_hours > 2 * {{ state }}.max_age_hours then 1
                else 0
            end
            when 4 then 'high'
            when 3 then 'high'
            when 2 then 'medium'
            else 'low'
        end
    end
{%- endmacro %}


{% macro level(word) -%}
    case {{ word }} when 'high' then 3 when 'medium' then 2 else 1 end
{%- endmacro %}


{% macro due_incident_events(reviews) -%}
with contracts as (
    {{ contract_rows() }}
),

recoveries as (
    {{ recoveries('contracts') }}
),

incidents as (
    {{ incident_states() }}
),

accounted_for as (
    select
        product,
        cause,
        max(resolved_watermark) as watermark
    from incidents
    group by product, cause
),

run_conditions as (
    {{ run_conditions('contracts') }}
),

sla_conditions as (
    {{ sla_conditions() }}
),

escalation_conditions as (
    {{ escalation_conditions('contracts', 'accounted_for') }}
),

access_conditions as (
    {{ access_conditions('contracts') }}
),

serving_conditions as (
    {{ serving_conditions() }}
),

access_log_conditions as (
    {{ access_log_conditions() }}
),

replay_conditions as (
    {{ replay_conditions() }}
),

incident_conditions as (
    {{ incident_conditions() }}
),

newest_watermarks as (
    {{ known_watermarks('contracts') }}
),

states as (
    {{ product_states('contracts', '(' ~ run_states() ~ ')', recorded_at()) }}
),

consumers as (
    select
        product,
        max_by(criticality, {{ level('criticality') }}) as criticality
    from ({{ consumers_of_products() }}) as consumers
    group by product
),

reviewed as (
    select distinct incident_id from {{ reviews }}
    where root_cause <> '' and preventive_action <> ''
),

unresolved as (
    select * from incidents
    where status not in ('resolved', 'reviewed')
),

compared as (
    select
        coalesce(incident_conditions.product, unresolved.product) as product,
        coalesce(incident_conditions.cause, unresolved.cause) as cause,
        unresolved.incident_id,
        unresolved.status,
        unresolved.severity as former_severity,
        coalesce(incident_conditions.as_of, unresolved.as_of) as as_of,
        incident_conditions.product is not null as is_present,
        coalesce(incident_conditions.is_mitigated, false) as is_mitigated,
        incident_conditions.message,
        coalesce(incident_conditions.watermark, newest_watermarks.watermark) as watermark
    from incident_conditions
    full outer join unresolved
        on incident_conditions.product = unresolved.product and incident_conditions.cause = unresolved.cause
    left join newest_watermarks
        on unresolved.product = newest_watermarks.product and unresolved.cause = newest_watermarks.cause
),

judged as (
    select
        compared.*,
        states.as_of as served_as_of,
        states.freshness,
        states.fallback_mode,
        {{ severity('compared.cause', 'consumers.criticality', 'states') }} as severity_now
    from compared
    left join states on compared.product = states.product
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
),

named as (
    select
        *,
        -- What is over stays as severe as it was.
        case when event in ('mitigated', 'resolved') then former_severity else severity_now end as severity,
        product || '-' || replace(cause, '_', '-') || '-' || {{ compact_date(recorded_at()) }} as base_name
    from decided
    where event is not null
),

events as (
    select
        coalesce(
            named.incident_id,
            named.base_name || (
                select case when count(*) > 0 then '-' || cast(count(*) + 1 as text) else '' end
                from incidents
                where left(incidents.incident_id, length(named.base_name)) = named.base_name
            )
        ) as incident_id,
        named.product,
        named.cause,
        named.event,
        named.severity,
        named.fallback_mode,
        named.as_of,
        named.served_as_of,
        case named.event
            when 'resolved' then case named.cause
                when 'access_denied' then 'No series of denials any more.'
                when 'access_log_gap' then 'The log is whole again; what was read within the gap remains unknown.'
                when 'serving_failed' then 'The serving database has what the lake has.'
                when 'replay_mismatch' then 'What differed is identical again.'
                else 'The run as of ' || {{ plain_date('named.served_as_of') }} || ' was published in time.'
            end
            when 'mitigated' then 'The run as of ' || {{ plain_date('named.served_as_of') }} || ' is published, though not in time.'
            when 'severity_changed' then 'From ' || named.former_severity || ' to ' || named.severity
                || ': what consumers are served is ' || named.freshness || '.'
            else named.message
        end as message,
        named.watermark
    from named

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
    inner join reviewed on incidents.incident_id = reviewed.incident_id
    where incidents.status = 'resolved'
)

select
    (select coalesce(max(known.event_number), 0) from {{ source('operations', 'incident_events') }} as known)
    + row_number() over (order by events.incident_id, events.event) as event_number,
    events.incident_id,
    events.product,
    events.cause,
    events.event,
    events.severity,
    events.fallback_mode,
    events.as_of,
    events.served_as_of,
    events.message,
    events.watermark,
    {{ recorded_at() }} as recorded_at,
    cast(null as text) as recorded_by,
    '{{ invocation_id }}' as invocation_id
from events
{%- endmacro %}
