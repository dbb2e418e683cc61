{#- What a product promises its consumers about time: the defaults in dbt_project.yml, and over them the
    contract's `sla`. The deadline of a slot is its as-of, the availability lag and expected_within_hours. -#}

{% macro sla_of(contract) -%}
    {{ return(dict(var('default_sla'), **contract.sla)) }}
{%- endmacro %}


{% macro validate_sla(contract, place) -%}
    {%- set sla = sla_of(contract) -%}
    {%- for key in contract.sla if key not in ['owner', 'target', 'review_within_days', 'escalation'] -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.sla.' ~ key ~ ' is unknown; expected owner, target, review_within_days or escalation.'
        ) -%}
    {%- endfor -%}
    {%- if not sla.get('owner') -%}
        {%- do exceptions.raise_compiler_error(place ~ '.sla.owner is missing: name the team that answers for the product.') -%}
    {%- endif -%}
    {%- if sla.target is not number or not 0 < sla.target <= 1 -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.sla.target is ' ~ sla.target ~ '; expected a share of slots above 0 and up to 1, for example 0.99.'
        ) -%}
    {%- endif -%}
    {%- set escalation = sla.escalation -%}
    {%- for key, value in [
        ('sla.review_within_days', sla.review_within_days),
        ('sla.escalation.breaches', escalation.get('breaches')),
        ('sla.escalation.within_days', escalation.get('within_days'))
    ] + (escalation.get('responses') or {'none': none}).items() | list -%}
        {%- if value is not integer or value < 1 -%}
            {%- do exceptions.raise_compiler_error(
                place ~ ': ' ~ key ~ ' is ' ~ value ~ '; expected a whole number of at least 1. An escalation has '
                ~ 'breaches, within_days, and responses, each with the days until it is due.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if contract.action_policy not in var('action_policies') -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.action_policy is ' ~ contract.action_policy ~ '; expected one of '
            ~ (var('action_policies') | join(', ')) ~ '.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
