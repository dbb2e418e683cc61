{#- A table that is only ever appended to. Built in one transaction with its hooks, so that a reader
    sees a run whole or not at all. It refuses --full-refresh: history is never rebuilt. -#}
{% materialization append_only, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- if flags.FULL_REFRESH and existing_relation -%}
        {{ log(this ~ ' is append-only: --full-refresh is refused, its rows stay.', info=true) }}
    {%- endif -%}
    {%- set columns = model.columns.keys() | join(', ') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {{ get_assert_columns_equivalent(compiled_code) }}
    {%- if existing_relation is none -%}
        {%- do make_append_only_table(target_relation, model) -%}
    {%- else -%}
        {%- do add_new_columns(existing_relation, model.columns.values()) -%}
    {%- endif -%}

    {%- call statement('main') -%}
        insert into {{ target_relation }} ({{ columns }})
        select {{ columns }} from (
            {{ compiled_code }}
        ) as new_rows
    {%- endcall -%}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro make_append_only_table(relation, node) -%}
    {%- call statement('create_table') -%}
        create table if not exists {{ relation }} ({{ column_definitions(node) }})
    {%- endcall -%}
    {%- if node.config.get('partitioned_by') -%}
        {%- call statement('set_partitions') -%}
            alter table {{ relation }} set partitioned by ({{ node.config.partitioned_by | join(', ') }})
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{% macro add_new_columns(relation, columns) -%}
    {%- set existing = run_query('select * from ' ~ relation ~ ' limit 0').column_names -%}
    {%- for column in columns if column.name not in existing -%}
        {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ api.Column.translate_type(column.data_type)) -%}
    {%- endfor -%}
{%- endmacro %}
