{#- A view in the lake, made anew only where its definition changed: a replaced view is a lake snapshot,
    and most builds change none. The digest of the definition is the view's comment. -#}
{% materialization lake_view, default %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set digest = definition_digest(model, sql) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing_relation and not flags.FULL_REFRESH and stored_digest(target_relation) == digest -%}
        {%- call noop_statement('main', 'UNCHANGED') -%}{%- endcall -%}
    {%- else -%}
        {%- if config.get('contract').enforced -%}
            {{ get_assert_columns_equivalent(sql) }}
        {%- endif -%}
        {%- if existing_relation and not existing_relation.is_view -%}
            {%- do adapter.drop_relation(existing_relation) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            create or replace view {{ target_relation }} as (
                {{ sql }}
            )
        {%- endcall -%}
        {%- call statement('comment') -%}
            comment on view {{ target_relation }} is '{{ digest }}'
        {%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro definition_digest(node, sql) -%}
    {{ return('definition ' ~ local_md5(sql ~ '|' ~ tojson(node.columns.values() | map(attribute='data_type', default='') | list))) }}
{%- endmacro %}


{% macro stored_digest(relation) -%}
    {%- set found = run_query(
        "select comment from duckdb_views() where database_name = '" ~ relation.database
        ~ "' and schema_name = '" ~ relation.schema ~ "' and view_name = '" ~ relation.identifier ~ "'"
    ) -%}
    {{ return(found.rows[0]['comment'] if found.rows else none) }}
{%- endmacro %}
