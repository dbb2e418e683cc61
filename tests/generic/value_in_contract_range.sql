{#- Fails for every value that is no finite number within the valid range of the product's contract. -#}
{% test value_in_contract_range(model, column_name) %}
{%- set valid_range = contract_of(product_of(model)).valid_range %}
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and not (
        isfinite({{ column_name }})
        and {{ column_name }} between {{ valid_range.minimum }} and {{ valid_range.maximum }}
    )
{% endtest %}
