{#- Decisions of a person on an incident: acknowledge it, or resolve it though no run was published in
    time since. Each appends to the timeline and does nothing twice. -#}

{% macro acknowledge_incident(incident_id=none, by=none, note=none) -%}
    {%- set incident = incident_under_review('acknowledge_incident', incident_id, by, note) -%}
    {%- if incident['status'] == 'open' -%}
        {%- do record_incident_event(incident, 'acknowledged', note or 'Looked at by ' ~ by ~ '.', by) -%}
        {{ log(describe_incident(incident) ~ ' is acknowledged; it is closed by the next run that is published in time.', info=true) }}
    {%- else -%}
        {{ log(describe_incident(incident) ~ ' is ' ~ incident['status'] ~ ' already: nothing to do.', info=true) }}
    {%- endif -%}
{%- endmacro %}


{% macro resolve_incident(incident_id=none, by=none, note=none) -%}
    {%- set incident = incident_under_review('resolve_incident', incident_id, by, note) -%}
    {%- if not (note or '') | string | trim -%}
        {%- do exceptions.raise_compiler_error(
            "resolve_incident lacks note: say why the incident is over though no run was published in time since. Call: "
            ~ incident_call('resolve_incident')
        ) -%}
    {%- elif incident['status'] in ['resolved', 'reviewed'] -%}
        {{ log(describe_incident(incident) ~ ' is ' ~ incident['status'] ~ ' already: nothing to do.', info=true) }}
    {%- else -%}
        {%- do record_incident_event(incident, 'resolved', note, by) -%}
        {{ log(
            describe_incident(incident) ~ ' is resolved: actions are no longer blocked by it.'
            ~ (' Its review belongs into seeds/incident_reviews.csv.' if incident['was_high'] else ''), info=true
        ) }}
    {%- endif -%}
    {%- do serve_review() -%}
{%- endmacro %}


{% macro incident_under_review(operation, incident_id, by, note) -%}
    {%- for name, value in [('incident_id', incident_id), ('by', by)] if not (value or '') | string | trim -%}
        {%- do exceptions.raise_compiler_error(operation ~ ' lacks ' ~ name ~ '. Call: ' ~ incident_call(operation)) -%}
    {%- endfor -%}
    {%- if not is_built(operations_table('incident_events')) -%}
        {%- do exceptions.raise_compiler_error(operation ~ ': nothing was built in this warehouse; set WAREHOUSE, or run dbt build first.') -%}
    {%- endif -%}
    {%- do make_operations_tables() -%}
    {%- do make_operations_views() -%}
    {%- set known = run_query('select * from ' ~ relation_of_model('incident_states') ~ ' order by opened_at desc, incident_id').rows -%}
    {%- for incident in known if incident['incident_id'] == incident_id -%}
        {{ return(incident) }}
    {%- endfor -%}
    {%- set lines = [] -%}
    {%- for incident in known if incident['status'] not in ['resolved', 'reviewed'] -%}
        {%- do lines.append('\n  ' ~ incident['incident_id'] ~ '  ' ~ incident['severity'] ~ ', ' ~ incident['status']) -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        operation ~ ": there is no incident '" ~ incident_id ~ "' in lake.operations.incidents. "
        ~ ('Those that are not resolved:' ~ lines | join if lines else 'None is waiting to be resolved.')
    ) -%}
{%- endmacro %}


{% macro incident_call(operation) -%}
    {{ return(
        'dbt run-operation ' ~ operation
        ~ " --args '{incident_id: <incident_id of lake.operations.incidents>, by: <your name>, note: <why>}'"
    ) }}
{%- endmacro %}


{% macro describe_incident(incident) -%}
    {{ return('The incident ' ~ incident['incident_id'] ~ ' (' ~ incident['severity'] ~ ')') }}
{%- endmacro %}


{#- The incident accounts for everything known by now: only a later condition opens another one of its cause. -#}
{% macro record_incident_event(incident, event, message, by) -%}
    {%- call statement('record_incident_event', auto_begin=true) -%}
        {{ insert_into('incident_events', query_of(
            'reviewed_incident', reviewed=incident['incident_id'], decision=event, note=message, by=by
        )) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {#- Owners are notified at once, not with the next build. -#}
    {%- do record_due('notification_messages', 'due_notifications') -%}
{%- endmacro %}
