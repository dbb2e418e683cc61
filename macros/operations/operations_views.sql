{#- The views that hooks insert from. A hook runs before the first build has made them, and after their code has changed:
    it renders their models itself, and makes anew what differs. -#}

{#- In the order in which they refer to each other. -#}
{% macro views_of_hooks() -%}
    {{ return([
        'prediction_contracts', 'product_consumers', 'consumer_contracts', 'served_outputs', 'escalation_responses',
        'run_states', 'attempts', 'product_states', 'product_services', 'incident_states', 'incidents',
        'blocking_incidents', 'review_duties', 'prediction_freshness', 'service_recoveries',
        'run_conditions', 'escalation_conditions', 'sla_conditions', 'access_conditions', 'logged_conditions',
        'known_conditions', 'known_watermarks', 'incident_conditions', 'incident_changes', 'due_incident_events',
        'slot_outcomes', 'due_sla_records', 'incident_news', 'incident_recipients',
        'incident_notifications', 'deprecation_notices', 'due_notifications', 'run_attempts',
        'failure_reasons', 'due_failures', 'due_steps', 'build_summary'
    ]) }}
{%- endmacro %}


{% macro make_operations_views() -%}
    {%- do make_incident_reviews() -%}
    {%- do make_results_table() -%}
    {%- set made = [] -%}
    {%- set digests = view_digests() -%}
    {%- for name in views_of_hooks() -%}
        {%- set node = node_of_model(name) -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias, type='view'
        ) -%}
        {%- set sql = render(with_relations(node)) -%}
        {%- set digest = definition_digest(node, sql) -%}
        {%- if digests.get(relation | string) != digest -%}
            {%- if made and made[-1].database != relation.database -%}
                {#- A transaction writes to one database. -#}
                {%- do adapter.commit() -%}
            {%- endif -%}
            {%- do make_view(relation, sql, digest) -%}
            {%- do made.append(relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if made -%}
        {%- do adapter.commit() -%}
        {%- for relation in made -%}
            {%- do adapter.cache_added(relation) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro make_view(relation, sql, digest) -%}
    {%- for statement_sql in [
        'create schema if not exists ' ~ relation.without_identifier(),
        'create or replace view ' ~ relation ~ ' as (' ~ sql ~ '\n)',
        'comment on view ' ~ relation ~ " is '" ~ digest ~ "'"
    ] -%}
        {%- call statement('make_view', auto_begin=true) -%} {{ statement_sql }} {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{#- The comments of all views, by relation: lake_view keeps the digest of the definition there. -#}
{% macro view_digests() -%}
    {%- set digests = {} -%}
    {%- for row in run_query('select database_name, schema_name, view_name, comment from duckdb_views()').rows -%}
        {%- set relation = api.Relation.create(
            database=row['database_name'], schema=row['schema_name'], identifier=row['view_name']
        ) -%}
        {%- do digests.update({relation | string: row['comment']}) -%}
    {%- endfor -%}
    {{ return(digests) }}
{%- endmacro %}


{#- The seed, which the first build loads later, as an empty table. -#}
{% macro make_incident_reviews() -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == 'incident_reviews' -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias, type='table'
        ) -%}
        {%- if not is_built(relation) -%}
            {%- set columns = [] -%}
            {%- for name, type in node.config.column_types.items() -%}
                {%- do columns.append(name ~ ' ' ~ type) -%}
            {%- endfor -%}
            {%- call statement('make_incident_reviews', auto_begin=true) -%}
                create table {{ relation }} ({{ columns | join(', ') }})
            {%- endcall -%}
            {%- do adapter.commit() -%}
            {%- do adapter.cache_added(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
