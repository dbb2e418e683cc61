{#- Records of deadlines and incidents, at the start of a build and, where it added something, at its end. Each
    step looks at what is recorded and adds what is missing, so that repeating it adds nothing. Messages tell of new
    events, of duties and of deprecations: the same invocation needs to look again only after new events or reviews. -#}

{% macro record_operations(is_repeated=false) -%}
    {%- set events = operations_table('incident_events') -%}
    {%- do record_due('sla_records', 'due_sla_records') -%}
    {%- set last = run_query('select coalesce(max(event_number), 0) as event_number from ' ~ events).rows[0]['event_number'] -%}
    {%- do record_due('incident_events', 'due_incident_events') -%}
    {%- set new_events = run_query(
        'select incident_id, severity, event, message from ' ~ events ~ ' where event_number > ' ~ last ~ ' order by event_number'
    ).rows -%}
    {%- for event in new_events -%}
        {{ log('  Incident ' ~ event['incident_id'] ~ ' (' ~ event['severity'] ~ ') ' ~ event['event'] | replace('_', ' ') ~ ': ' ~ event['message'], info=true) }}
    {%- endfor -%}
    {%- if new_events or not is_repeated -%}
        {%- do record_due('notification_messages', 'due_notifications') -%}
    {%- endif -%}
{%- endmacro %}


{#- The rows of a view of models/operations/recording, with this invocation. -#}
{% macro record_due(table, view) -%}
    {%- do run_query(insert_into(
        table, "(select *, '" ~ invocation_id ~ "' as invocation_id from " ~ relation_of_model(view) ~ ')'
    )) -%}
{%- endmacro %}


{#- The build is about to end, before there is a plan. -#}
{% macro record_source_failure(message) -%}
    {%- do run_query(source_failure_insert(message)) -%}
    {%- do record_operations() -%}
{%- endmacro %}


{#- Without a product it concerns all of them. -#}
{% macro source_failure_insert(message, cause='source_broken', product=none, as_of=none) -%}
    {%- set failures = operations_table('source_failures') -%}
    insert into {{ failures }} (entry, recorded_at, message, ledger_entry, invocation_id, product, cause, as_of)
    select
        (select coalesce(max(entry), 0) + 1 from {{ failures }}), {{ recorded_at() }}, {{ string_literal(message) }},
        (select coalesce(max(entry), 0) + 1 from {{ operations_table('run_ledger') }}), '{{ invocation_id }}',
        {{ literal(product) }}, {{ literal(cause) }}, {{ literal(as_of, 'timestamp') }}
{%- endmacro %}


{#- Operation for events between builds: incidents are opened and closed at once. -#}
{% macro record_operations_now() -%}
    {%- do make_operations_tables() -%}
    {%- do make_operations_views() -%}
    {%- call statement('begin', auto_begin=true) -%} select 1 {%- endcall -%}
    {%- do record_operations() -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
