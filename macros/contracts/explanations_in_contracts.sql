{#- Which reasons a product gives for its scores: the defaults in dbt_project.yml, and over them the
    contract's `explanations`. -#}

{% macro explanations_of(contract) -%}
    {{ return(dict(var('default_explanations'), **(contract.get('explanations') or {}))) }}
{%- endmacro %}
