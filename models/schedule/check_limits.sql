{{ config(materialized='lake_view', database='lake', schema='operations') }}

{% set contracts = all_contracts() if execute else [] %}

{% for contract in contracts %}
{% set outer = loop %}
{% for limit in contract.limits %}
{{ 'union all' if not (loop.first and outer.first) }}
select
    {{ string_literal(contract.product) }} as product,
    '{{ limit.check_name }}' as check_name,
    {{ string_literal(limit.scope) }} as scope,
    {{ limit.applies }} as applies,
    '{{ limit.direction }}' as direction,
    cast({{ 'null' if limit.warn_limit is none else limit.warn_limit }} as double) as warn_limit,
    cast({{ 'null' if limit.block_limit is none else limit.block_limit }} as double) as block_limit,
    {{ string_literal(limit.reason) }} as reason,
    '{{ limit.source }}' as source
{% endfor %}
{% endfor %}
{% if not contracts %}
select {{ typed_nulls({'product': 'text', 'check_name': 'text', 'scope': 'text'}) }}
where false
{% endif %}
