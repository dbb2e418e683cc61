{#- What is served: every version of every public output of a product, current and history. -#}

{% macro served_outputs() -%}
    {%- set outputs = [] -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.version is not none and node.version is defined
        and node.config.access == 'public' and node.fqn[1] == 'products' -%}
        {%- do outputs.append({
            'unique_id': node.unique_id,
            'output': node.name,
            'version': node.version,
            'relation': node.alias,
            'product': node.fqn[2],
            'kind': 'current' if node.config.meta.get('prediction') else 'history',
            'output_schema_version': node.version ~ '.' ~ node.config.meta.get('output_schema_minor', 0),
            'deprecated_on': (node.deprecation_date | string)[:10] if node.deprecation_date else none,
            'replaces': node.config.meta.get('replaces'),
            'description': node.description | trim,
            'columns': node.columns.values() | list
        }) -%}
    {%- endfor -%}
    {{ return(outputs | sort(attribute='relation')) }}
{%- endmacro %}


{% macro served_output(relation) -%}
    {%- for output in served_outputs() if output.relation == relation -%}
        {{ return(output) }}
    {%- endfor -%}
    {{ return({'output_schema_version': '', 'deprecated_on': none}) }}
{%- endmacro %}


{% macro served_output_rows() -%}
    {%- set outputs = served_outputs() %}
    {%- for output in outputs if execute %}
    {%- set replacement = outputs
        | selectattr('output', 'equalto', output.output)
        | selectattr('replaces.version', 'equalto', output.version) | first | default({}, true) -%}
    {%- set columns = [] -%}
    {%- for column in output.columns -%}
        {%- do columns.append({
            'name': column.name, 'data_type': column.data_type, 'description': column.description | trim
        }) -%}
    {%- endfor %}
{{ 'union all' if not loop.first }}
select
    {{ string_literal(output.output) }} as output,
    cast({{ output.version }} as integer) as version,
    {{ string_literal(output.relation) }} as relation,
    {{ string_literal(output.product) }} as product,
    {{ string_literal(output.kind) }} as kind,
    {{ string_literal(output.output_schema_version) }} as output_schema_version,
    {{ literal(output.deprecated_on, 'date') }} as deprecated_on,
    {{ literal(replacement.get('relation')) }} as replaced_by,
    {{ literal(replacement.get('replaces', {}).get('migration')) }} as migration,
    {{ string_literal(output.description) }} as description,
    {{ string_literal(tojson(columns)) }} as columns_json
    {%- else %}
{{ no_rows({
    'output': 'text', 'version': 'integer', 'relation': 'text', 'product': 'text', 'kind': 'text',
    'output_schema_version': 'text', 'deprecated_on': 'date', 'replaced_by': 'text', 'migration': 'text',
    'description': 'text', 'columns_json': 'text'
}) }}
    {%- endfor %}
{%- endmacro %}
