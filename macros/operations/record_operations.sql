{#- What a build finds out about deadlines and incidents, at its start and its end. Each step looks at what
    is recorded and adds what is missing, so that repeating it adds nothing. -#}

{% macro record_operations() -%}
    {%- do record_missing('sla_records', due_sla_records()) -%}
    {%- set new_events = record_missing('incident_events', due_incident_events(incident_reviews())) -%}
    {%- for event in new_events -%}
        {{ log('  Incident ' ~ event['incident_id'] ~ ' (' ~ event['severity'] ~ ') ' ~ event['event'] | replace('_', ' ') ~ ': ' ~ event['message'], info=true) }}
    {%- endfor -%}
    {%- do record_missing('notification_messages', due_notifications(incident_reviews())) -%}
{%- endmacro %}


{% macro record_missing(table, query) -%}
    {%- set relation = operations_table(table) -%}
    {%- set found = run_query('select * from (' ~ query ~ ') as missing order by 1') -%}
    {%- if found.rows | length -%}
        {%- set rows = [] -%}
        {%- for row in found.rows -%}
            {%- set values = [] -%}
            {%- for value in row.values() -%}
                {%- do values.append('null' if value is none else string_literal(value)) -%}
            {%- endfor -%}
            {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do run_query(
            'insert into ' ~ relation ~ ' (' ~ found.column_names | join(', ') ~ ') values ' ~ rows | join(', ')
        ) -%}
    {%- endif -%}
    {{ return(found.rows) }}
{%- endmacro %}


{#- The build is about to end, before there is a plan. -#}
{% macro record_source_failure(message) -%}
    {%- set failures = operations_table('source_failures') -%}
    {%- do run_query(
        'insert into ' ~ failures ~ ' (entry, recorded_at, message, ledger_entry, invocation_id) '
        ~ 'select (select coalesce(max(entry), 0) + 1 from ' ~ failures ~ '), ' ~ recorded_at() ~ ', ' ~ string_literal(message) ~ ', '
        ~ "(select coalesce(max(entry), 0) + 1 from " ~ operations_table('run_ledger') ~ "), '" ~ invocation_id ~ "'"
    ) -%}
    {%- do record_operations() -%}
{%- endmacro %}
