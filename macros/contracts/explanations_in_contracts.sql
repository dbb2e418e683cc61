{#- Which reasons a product gives for its scores: the defaults in dbt_project.yml, and over them the
    contract's `explanations`. -#}

{% macro explanations_of(contract) -%}
    {{ return(dict(var('default_explanations'), **(contract.get('explanations') or {}))) }}
{%- endmacro %}


{% macro validate_explanations(contract, place) -%}
    {%- set explanations = explanations_of(contract) -%}
    {%- for key in explanations if key not in ['reasons', 'shap'] -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.explanations.' ~ key ~ ' is unknown; expected reasons or shap.'
        ) -%}
    {%- endfor -%}
    {%- if explanations.reasons is not integer or explanations.reasons is boolean or explanations.reasons < 1 -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.explanations.reasons is ' ~ explanations.reasons
            ~ '; expected how many reasons a score has, a whole number of at least 1.'
        ) -%}
    {%- endif -%}
    {%- set rows = explanations.get('shap') -%}
    {%- if 'shap' in explanations and (rows is not mapping or rows | list not in [['top_share'], ['score_at_least']]) -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.explanations.shap is ' ~ rows ~ '; expected the rows that are worth it, either as top_share, '
            ~ 'for example {top_share: 0.1}, or as score_at_least.'
        ) -%}
    {%- endif -%}
    {%- for key, value in (rows or {}).items() if value is not number or (key == 'top_share' and not 0 < value <= 1) -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.explanations.shap.' ~ key ~ ' is ' ~ value
            ~ '; expected a score, or for top_share a share above 0 and up to 1.'
        ) -%}
    {%- endfor -%}
{%- endmacro %}
