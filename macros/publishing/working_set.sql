{#- The working set, in warehouse.duckdb, which no reader has open: a table or view is replaced within one transaction,
    under its own name. dbt's own materializations make a second one, rename both and drop one, which
    takes longer than most queries of this project. -#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) or target_relation -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if model.language == 'python' -%}
        {#- dbt-duckdb lets Python write in a transaction of its own: into a second table, so that a failure leaves the former one. -#}
        {%- set made_relation = make_intermediate_relation(target_relation) -%}
        {%- call statement('drop_leftover', auto_begin=false) -%}
            drop table if exists {{ made_relation }}
        {%- endcall -%}
        {%- call statement('main', language='python') -%}
            {{ create_table_as(False, made_relation, compiled_code, 'python') }}
        {%- endcall -%}
        {{ drop_former(existing_relation) }}
        {%- call statement('rename') -%}
            alter table {{ made_relation }} rename to {{ target_relation.identifier }}
        {%- endcall -%}
    {%- else -%}
        {%- if config.get('made_of') -%}
            {%- do make_product_tables(config.get('made_of')) -%}
        {%- endif -%}
        {{ drop_former(existing_relation) }}
        {%- call statement('main') -%}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro drop_former(relation) -%}
    {%- call statement('drop_former') -%}
        drop {{ relation.type }} if exists {{ relation }}
    {%- endcall -%}
{%- endmacro %}


{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing_relation = load_cached_relation(this) or target_relation -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if not existing_relation.is_view -%}
        {{ drop_former(existing_relation) }}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        )
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
