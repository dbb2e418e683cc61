-- Every version of every public output.
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
select {{ typed_nulls({
    'output': 'text', 'version': 'integer', 'relation': 'text', 'product': 'text', 'kind': 'text',
    'output_schema_version': 'text', 'deprecated_on': 'date', 'replaced_by': 'text', 'migration': 'text',
    'description': 'text', 'columns_json': 'text'
}) }}
where false
    {%- endfor %}
