{#- What a product promises its consumers about time: the defaults in dbt_project.yml, and over them the
    contract's `sla`. The deadline of a slot is its as-of, the availability lag and expected_within_hours. -#}

{% macro sla_of(contract) -%}
    {{ return(dict(var('default_sla'), **contract.sla)) }}
{%- endmacro %}
