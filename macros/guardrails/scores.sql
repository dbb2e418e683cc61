{#- Expressions over scores and labels. -#}

{#- To the six decimals that a score has. As decimals scores add up exactly, and compare several times faster
    than as doubles. -#}
{% macro usable_score(score) -%}
    cast(case when isfinite({{ score }}) and abs({{ score }}) < 1e11 then {{ score }} end as decimal(18, 6))
{%- endmacro %}


{% macro label_names(contract, with_former=false) -%}
    {%- set former = contract.get('former_labels') or [] if with_former else [] -%}
    {%- for name in contract.get('labels', []) | map(attribute='name') | list + former -%}
        {{ string_literal(name) }}{{ ', ' if not loop.last }}
    {%- else -%}
        null
    {%- endfor -%}
{%- endmacro %}


{% macro is_jump(score_before, score_after, contract) -%}
    coalesce(abs({{ score_after }} - {{ score_before }}) > {{ check_setting(contract, 'score_jump') }}, false)
{%- endmacro %}
