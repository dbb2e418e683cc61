-- Responses that each contract asks for after an escalation, with their days.
{%- set responses = [] -%}
{%- for contract in (all_contracts() if execute else []) -%}
    {%- for response, days in contract.sla.escalation.responses.items() -%}
        {%- do responses.append({'product': contract.product, 'response': response, 'days': days}) -%}
    {%- endfor -%}
{%- endfor %}

{% for item in responses %}
select
    {{ string_literal(item.product) }} as product,
    {{ string_literal(item.response) }} as response,
    {{ item.days }} as within_days
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'product': 'text', 'response': 'text', 'within_days': 'integer'}) }}
where false
{% endfor %}
