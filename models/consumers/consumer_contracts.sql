-- What each consumer may read, in which version and for what, as its exposure says.
{%- set entitlements = [] %}
{%- for item in (validated_project().entitlements if execute else []) %}
    {%- for context in item.usage_contexts %}
        {%- do entitlements.append(dict(item, usage_context=context)) %}
    {%- endfor %}
{%- endfor %}
{% for item in entitlements %}
select
    {{ string_literal(item.consumer) }} as consumer,
    {{ string_literal(item.role) }} as role,
    {{ string_literal(item.output) }} as output,
    cast({{ item.version }} as integer) as version,
    {{ string_literal(item.usage_context) }} as usage_context,
    {{ literal(item.valid_until, 'date') }} as valid_until,
    {{ string_literal(item.owner) }} as owner,
    {{ string_literal(item.criticality) }} as criticality,
    {{ string_literal(item.maturity) }} as maturity,
    {{ string_literal(item.product) }} as product,
    {{ string_literal(tojson(item.columns_withheld)) }} as withheld_columns
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({
    'consumer': 'text', 'role': 'text', 'output': 'text', 'version': 'integer', 'usage_context': 'text',
    'valid_until': 'date', 'owner': 'text', 'criticality': 'text', 'maturity': 'text', 'product': 'text',
    'withheld_columns': 'text'
}) }}
where false
{% endfor %}
