{#- Queries of models within the statements of hooks. In a hook, dbt resolves only the refs that it saw when it parsed the
    hook, and partial parsing does not parse hooks again when a macro changes: relations stand in place of refs. -#}

{#- The query of an ephemeral model, in brackets. Keyword arguments are variables of the model, and of the ephemeral models
    that it reads. -#}
{% macro query_of(name) -%}
    {%- do context.update(kwargs) -%}
    {%- set query = render(with_relations(node_of_model(name))) | trim -%}
    {%- for variable in kwargs -%}
        {%- do context.pop(variable) -%}
    {%- endfor -%}
    {{ return('(\n' ~ query ~ '\n)') }}
{%- endmacro %}


{% macro with_relations(node) -%}
    {%- set text = namespace(sql=node.raw_code) -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- set parent = graph.nodes[unique_id] if unique_id in graph.nodes else graph.sources[unique_id] -%}
        {%- if parent.resource_type == 'source' -%}
            {%- set call = "source('" ~ parent.source_name ~ "', '" ~ parent.name ~ "')" -%}
            {%- set relation = api.Relation.create(parent.database, parent.schema, parent.identifier) | string -%}
        {%- else -%}
            {%- set call = "ref('" ~ parent.name ~ "')" -%}
            {%- set relation = api.Relation.create(parent.database, parent.schema, parent.alias) | string
                if parent.config.materialized != 'ephemeral' else "{{ query_of('" ~ parent.name ~ "') }}" -%}
        {%- endif -%}
        {%- set text.sql = text.sql.replace('{{ ' ~ call ~ ' }}', relation) -%}
    {%- endfor -%}
    {{ return(text.sql) }}
{%- endmacro %}


{#- The statement that adds the rows of a query to one of the operations tables, by name. -#}
{% macro insert_into(table, query, condition='true') -%}
    {%- set columns = operations_columns(table) | join(', ') -%}
    insert into {{ operations_table(table) }} ({{ columns }})
    select {{ columns }} from {{ query }} as found where {{ condition }}
{%- endmacro %}
