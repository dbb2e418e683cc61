{#- Expressions of the gate. -#}

{% macro sentences(condition) -%}
    string_agg(check_name || ': ' || message, ' ' order by check_name, scope) filter (where {{ condition }})
{%- endmacro %}
