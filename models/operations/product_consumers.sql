-- Which exposures depend on which product, directly or downstream, and how much.
{% for item in consumers_of_products() %}
select
    {{ string_literal(item.product) }} as product,
    {{ string_literal(item.consumer) }} as consumer,
    {{ string_literal(item.owner) }} as owner,
    {{ string_literal(item.criticality) }} as criticality
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'product': 'text', 'consumer': 'text', 'owner': 'text', 'criticality': 'text'}) }}
where false
{% endfor %}
