{#- Distances between two distributions given as shares per bin. Every term is a decimal, so that a sum
    does not depend on the order of its rows. -#}

{% macro psi_term(share, base_share) -%}
    {%- set now = 'greatest(cast(' ~ share ~ ' as double), ' ~ smallest_share() ~ ')' -%}
    {%- set base = 'greatest(cast(' ~ base_share ~ ' as double), ' ~ smallest_share() ~ ')' -%}
    cast(({{ now }} - {{ base }}) * ln({{ now }} / {{ base }}) as decimal(28, 15))
{%- endmacro %}


{% macro smallest_share() -%}
    0.0001
{%- endmacro %}


{% macro jensen_shannon_term(share, base_share) -%}
    cast(
        case when {{ share }} > 0 then 0.5 * {{ share }} * log2(2.0 * {{ share }} / ({{ share }} + {{ base_share }})) else 0 end
        + case when {{ base_share }} > 0 then 0.5 * {{ base_share }} * log2(2.0 * {{ base_share }} / ({{ share }} + {{ base_share }})) else 0 end
        as decimal(28, 15)
    )
{%- endmacro %}


{% macro rank_correlation(x, y, weight) -%}
    {%- set n = 'sum(' ~ weight ~ ')' -%}
    {%- set x_total = 'sum(' ~ weight ~ ' * ' ~ x ~ ')' -%}
    {%- set y_total = 'sum(' ~ weight ~ ' * ' ~ y ~ ')' -%}
    cast({{ n }} * sum({{ weight }} * {{ x }} * {{ y }}) - {{ x_total }} * {{ y_total }} as double)
    / nullif(
        sqrt(cast({{ n }} * sum({{ weight }} * {{ x }} * {{ x }}) - {{ x_total }} * {{ x_total }} as double))
        * sqrt(cast({{ n }} * sum({{ weight }} * {{ y }} * {{ y }}) - {{ y_total }} * {{ y_total }} as double)),
        0
    )
{%- endmacro %}


{% macro exact_share(share) -%}
    cast(coalesce({{ share }}, 0) as decimal(18, 12))
{%- endmacro %}
