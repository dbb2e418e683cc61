{#- Served outputs: every version of every public output of a product, current and history. -#}

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
