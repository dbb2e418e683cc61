{#- The guardrails of one product, in one transaction: its query selects the scores to be judged, and each query of
    product_tables becomes a table. Where nothing is due, empty tables that are there already are left alone. -#}
{% materialization guardrails, adapter='duckdb' %}
    {%- set product = product_at_hand() -%}
    {%- set verdicts = product_table('gate') -%}
    {%- set runs = due_runs_of(product) -%}
    {%- set digest = guardrails_digest(sql) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if not runs and table_comment(verdicts) == digest -%}
        {%- call noop_statement('main', 'NOTHING DUE') -%}{%- endcall -%}
    {%- else -%}
        {%- do make_product_tables('checks') -%}
        {%- if not runs -%}
            {%- call statement('comment') -%} comment on table {{ verdicts }} is '{{ digest }}' {%- endcall -%}
        {%- endif -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}


{#- Digest of all queries as rendered, with macros and contracts. -#}
{% macro guardrails_digest(scores) -%}
    {%- set codes = [scores] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] in ['guardrails', 'publishing'] -%}
        {%- do codes.append(node.raw_code) -%}
    {%- endfor -%}
    {{ return('nothing was due ' ~ local_md5(codes | join('\n'))) }}
{%- endmacro %}


{% macro table_comment(relation) -%}
    {%- set found = run_query(
        "select comment from duckdb_tables() where database_name = '" ~ relation.database
        ~ "' and schema_name = '" ~ relation.schema ~ "' and table_name = '" ~ relation.identifier ~ "'"
    ) -%}
    {{ return(found.rows[0]['comment'] if found.rows else none) }}
{%- endmacro %}


{#- Rendered while dbt parses: what the queries read, so that dbt builds it first. -#}
{% macro guardrails_read() -%}
    {%- for name in ['due_runs', 'check_limits', 'run_states', 'model_registry', 'feature_snapshots'] -%}
        {%- do ref(name) -%}
    {%- endfor -%}
    {%- if not execute -%}
        {%- do ref('gate') -%}
    {%- endif -%}
{%- endmacro %}
