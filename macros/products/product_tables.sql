{#- The queries of models/guardrails/ and models/publishing/ stand once and run for each product. A model in a
    product's folder renders them with that product at hand; everywhere else (docs, linter, unit tests) they are
    ordinary ephemeral models. -#}

{% macro product_at_hand() -%}
    {{ return(model.fqn[2] if model.fqn[1] == 'products' else none) }}
{%- endmacro %}


{#- The product in whose folder the model stands that makes the table or view; none while dbt parses. -#}
{% macro product_of(relation) -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.alias == relation.identifier and node.fqn[1] == 'products' -%}
        {{ return(node.fqn[2]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{#- Made as tables for each product, in this order, and by which of its models; every other query is part of the one
    that reads it. -#}
{% macro product_tables() -%}
    {{ return({
        'training_references': 'checks',
        'statistics': 'checks',
        'distributions': 'checks',
        'transitions': 'checks',
        'score_jumps': 'checks',
        'expected_performance': 'checks',
        'findings': 'checks',
        'samples': 'checks',
        'checks': 'checks',
        'gate': 'checks',
        'measured_challengers': 'challenger_scores',
        'ranked_outcomes': 'outcome_checks',
        'outcomes': 'outcome_checks'
    }) }}
{%- endmacro %}


{#- A query of the guardrails: its table, or itself. Keyword arguments are variables of the query. -#}
{% macro product_ref(name) -%}
    {%- set product = product_at_hand() -%}
    {%- set owner = product_tables().get(name) -%}
    {%- if product is none and (model.resource_type != 'unit_test' or is_given(name)) -%}
        {{ return(ref(name)) }}
    {%- elif product is none or (execute and not owner) -%}
        {{ return('(\n' ~ rendered_query(name, kwargs) ~ '\n)') }}
    {%- elif execute -%}
        {{ return(product_table(name)) }}
    {%- elif owner and this.identifier != owner ~ '_' ~ product -%}
        {{ return(ref(owner ~ '_' ~ product)) }}
    {%- endif -%}
    {{ return(this) }}
{%- endmacro %}


{% macro product_table(name) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=name ~ '_' ~ product_at_hand(), type='table'
    )) }}
{%- endmacro %}


{#- In the caller's transaction: the tables that a model of the product makes, each of its query. -#}
{% macro make_product_tables(owner) -%}
    {%- for name, made_by in product_tables().items() if made_by == owner -%}
        {%- set relation = product_table(name) -%}
        {{ drop_former(load_cached_relation(relation) or relation) }}
        {%- call statement('main' if relation.identifier == this.identifier else name) -%}
            create table {{ relation }} as (
                {{ rendered_query(name) }}
            )
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{#- Inputs of a product's guardrails. Its former predictions are no ref: that would be a cycle. -#}
{% macro product_source(name) -%}
    {%- set product = product_at_hand() -%}
    {%- if product is none -%}
        {{ return(source('product', name)) }}
    {%- elif name == 'predictions' and execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.predictions_' ~ product] -%}
        {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
    {%- elif name != 'predictions' -%}
        {{ return(ref(name ~ '_' ~ product)) }}
    {%- endif -%}
{%- endmacro %}


{#- A unit test gives some of the queries that its model reads; the others are part of what it tests. -#}
{% macro is_given(name) -%}
    {{ return(not execute or ('model.' ~ project_name ~ '.' ~ name) in model.depends_on.nodes) }}
{%- endmacro %}


{#- Settings become variables of the query. A unit test sees no graph, and reads the file. -#}
{% macro rendered_query(name, settings={}) -%}
    {%- set node = graph.get('nodes', {}).get('model.' ~ project_name ~ '.' ~ name) -%}
    {%- set code = with_relations(node) if node and execute else node.raw_code if node else run_query(
        "select content from read_text('models/**/" ~ name ~ ".sql')"
    ).columns[0].values()[0] -%}
    {%- set assignments = [] -%}
    {%- for key, value in settings.items() -%}
        {%- do assignments.append('{%- set ' ~ key ~ ' = ' ~ tojson(value) ~ ' -%}') -%}
    {%- endfor -%}
    {{ return(render(assignments | join ~ code) | trim) }}
{%- endmacro %}


{#- Called by a unit test's build only: dbt reads the columns of a test's inputs from tables under their names. -#}
{% macro prepare_unit_tests() -%}
    {%- if execute and (selected_resources | join(' ')).count('unit_test.') -%}
        {%- set inputs = graph.sources.values() | selectattr('source_name', 'equalto', 'product') | list
            + graph.nodes.values() | selectattr('config.materialized', 'equalto', 'ephemeral')
                | selectattr('columns') | list -%}
        {%- for input in inputs if input.package_name == project_name -%}
            {%- set relation = api.Relation.create(
                database=input.database, schema=input.schema, identifier=input.alias or input.identifier
            ) -%}
            {%- do run_query('create schema if not exists ' ~ relation.without_identifier()) -%}
            {%- do run_query('create or replace table ' ~ relation ~ ' (' ~ column_definitions(input) ~ ')') -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- The columns that every product has in such an output, in order. Keyword arguments say how one is computed. -#}
{% macro columns_of(output) -%}
    {%- for column in var('columns')[output] %}
    {{ kwargs[column.name] ~ ' as ' if column.name in kwargs }}{{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
