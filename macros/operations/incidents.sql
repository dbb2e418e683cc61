{#- The severity of an incident, from the consumers that depend on the product and how long they have been served stale:
    a level below their criticality while what they are served may be used, a level above once it is twice as old as it
    may be. An escalation is as severe as its consumers are critical, because its breaches are over by then. -#}
{% macro severity(cause, criticality, state) -%}
    case
        when {{ cause }} in ('access_denied', 'access_log_gap') then 'medium'
        -- Consumers must not act on what may be other than it was written.
        when {{ cause }} = 'data_damaged' then 'high'
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


{#- The sentence of an event, for a row of incident_changes. -#}
{% macro incident_message(change) -%}
    case {{ change }}.event
        when 'resolved' then case {{ change }}.cause
            when 'access_denied' then 'No series of denials any more.'
            when 'access_log_gap' then 'The log is whole again; what was read within the gap remains unknown.'
            when 'serving_failed' then 'The serving database has what the lake has.'
            when 'replay_mismatch' then 'What differed is identical again.'
            else 'The run as of ' || {{ plain_date(change ~ '.served_as_of') }} || ' was published in time.'
        end
        when 'mitigated' then 'The run as of ' || {{ plain_date(change ~ '.served_as_of') }} || ' is published, though not in time.'
        when 'severity_changed' then 'From ' || {{ change }}.former_severity || ' to ' || {{ change }}.severity
            || ': what consumers are served is ' || {{ change }}.freshness || '.'
        else {{ change }}.message
    end
{%- endmacro %}


{% macro overdue_response(incident_id, response, due_on) -%}
    'The escalation ' || {{ incident_id }} || ' has waited for its ' || replace({{ response }}, '_', ' ') || ' since '
    || cast({{ due_on }} as text) || '.'
{%- endmacro %}
