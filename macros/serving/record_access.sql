{#- Reads and denials on the serving database, from its server's log. The plugin writes what is new into a Parquet
    file, for there may be millions; what keeps it from doing so is a failure of the serving database. -#}

{% macro record_access() -%}
    {%- set answer = fromjson(run_query('select ' ~ load_access_log_call() ~ ' as answer').rows[0]['answer']) -%}
    {%- if answer.file -%}
        {%- do record_missing('access_log', 'select * from read_parquet(' ~ string_literal(answer.file) ~ ')') -%}
    {%- endif -%}
    {%- if answer.load -%}
        {%- do record_missing('access_log_loads', access_log_load(answer.load)) -%}
        {%- if answer.load.message -%}
            {{ log('  The access log has a gap from ' ~ answer.load.gap_from ~ ' to ' ~ answer.load.gap_until ~ ' UTC: ' ~ answer.load.message, info=true) }}
        {%- endif -%}
    {%- endif -%}
    {%- do record_serving([{'product': 'all', 'as_of': none, 'rows': 0, 'seconds': 0, 'error': answer.error}] if answer else []) -%}
{%- endmacro %}


{#- A row of access_log_loads, from what the plugin returned of the load. -#}
{% macro access_log_load(load) -%}
    select
        (select coalesce(max(entry), 0) + 1 from {{ operations_table('access_log_loads') }}) as entry,
        {{ recorded_at() }} as recorded_at,
        '{{ 'incomplete' if load.message else 'complete' }}' as outcome,
        {{ load.entries }} as entries,
        {{ literal(load.read_until, 'timestamp') }} as read_until,
        {{ literal(load.complete_until, 'timestamp') }} as complete_until,
        {{ literal(load.gap_from, 'timestamp') }} as gap_from,
        {{ literal(load.gap_until, 'timestamp') }} as gap_until,
        {{ literal(load.message) }} as message,
        {{ string_literal(load.log_file) }} as log_file,
        {{ literal(load.log_identity) }} as log_identity,
        {{ load.log_position }} as log_position,
        {{ load.decisions_counted }} as decisions_counted,
        {{ load.decisions_uncounted }} as decisions_uncounted,
        '{{ invocation_id }}' as invocation_id
{%- endmacro %}


{#- A function of the plugin in python_scoring/dbt_plugin.py; it goes on where the last load ended, or, in a warehouse
    of a version before 0.2, after the last read that was loaded. -#}
{% macro load_access_log_call() -%}
    load_access_log(coalesce(
        (
            select cast(to_json(max_by(loads, entry)) as text) from {{ operations_table('access_log_loads') }} as loads
        ),
        (
            select
                cast(to_json(max_by(
                    struct_pack(log_file, log_position, read_until := logged_at, complete_until := logged_at),
                    struct_pack(logged_at, log_position)
                )) as text)
            from {{ operations_table('access_log') }}
        )
    ))
{%- endmacro %}
