{#- Reads and denials on the serving database, from its server's log. The plugin writes what is new into a Parquet
    file, for there may be millions; what keeps it from doing so is a failure of the serving database. -#}

{% macro record_access() -%}
    {%- set answer = fromjson(run_query('select ' ~ load_access_log_call() ~ ' as answer').rows[0]['answer']) -%}
    {%- if answer.file -%}
        {%- do run_query(insert_into('access_log', 'read_parquet(' ~ string_literal(answer.file) ~ ')')) -%}
    {%- endif -%}
    {%- if answer.load -%}
        {%- do run_query(insert_into('access_log_loads', query_of('access_log_load', load=answer.load))) -%}
        {%- if answer.load.message -%}
            {{ log('  The access log has a gap from ' ~ answer.load.gap_from ~ ' to ' ~ answer.load.gap_until ~ ' UTC: ' ~ answer.load.message, info=true) }}
        {%- endif -%}
    {%- endif -%}
    {%- do record_serving([{'product': 'all', 'as_of': none, 'rows': 0, 'seconds': 0, 'error': answer.error}] if answer else []) -%}
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
