{#- Reads and denials on the serving database, from its server's log. The plugin writes what is new into a Parquet
    file, for there may be millions; what keeps it from doing so is a failure of the serving database. -#}

{% macro record_access() -%}
    {%- set access_log = operations_table('access_log') -%}
    {%- set answer = fromjson(run_query('select ' ~ new_access_call(access_log) ~ ' as answer').rows[0]['answer']) -%}
    {%- if answer.file -%}
        {%- do record_missing('access_log', 'select * from ' ~ parquet_file(answer.file)) -%}
    {%- endif -%}
    {%- do record_serving([{'product': 'all', 'as_of': none, 'rows': 0, 'seconds': 0, 'error': answer.error}] if answer else []) -%}
{%- endmacro %}


{% macro new_access_call(access_log) -%}
    {{ adapter.dispatch('new_access_call')(access_log) }}
{%- endmacro %}

{% macro default__new_access_call(access_log) -%}
    '{}'
{%- endmacro %}

{#- A function of the plugin in python_scoring/dbt_plugin.py; it goes on where the last line was loaded. -#}
{% macro duckdb__new_access_call(access_log) -%}
    (
        select new_access(newest.place.log_file, newest.place.log_position)
        from (
            select max_by(struct_pack(log_file, log_position), struct_pack(logged_at, log_position)) as place
            from {{ access_log }}
        ) as newest
    )
{%- endmacro %}


{% macro parquet_file(path) -%}
    {{ adapter.dispatch('parquet_file')(path) }}
{%- endmacro %}

{% macro default__parquet_file(path) -%}
    parquet.`{{ path }}`
{%- endmacro %}

{% macro duckdb__parquet_file(path) -%}
    read_parquet({{ string_literal(path) }})
{%- endmacro %}
