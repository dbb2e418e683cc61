{#- How raw values become typed ones. What cannot be read becomes null, and its row is rejected. -#}

{% macro trimmed(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{% macro as_instant(column) -%}
    try_cast({{ column }} as timestamp)
{%- endmacro %}

{% macro as_money(column) -%}
    try_cast({{ column }} as decimal(18, 2))
{%- endmacro %}

{% macro as_count(column) -%}
    try_cast({{ column }} as integer)
{%- endmacro %}

{#- True for a value that is there but cannot be read as wanted. -#}
{% macro unreadable(column, parsed) -%}
    {{ column }} is not null and {{ parsed }} is null
{%- endmacro %}

{#- True for NaN and infinities, which only a floating-point or text column can hold. -#}
{% macro is_not_finite(column) -%}
    {{ adapter.dispatch('is_not_finite')(column) }}
{%- endmacro %}

{% macro default__is_not_finite(column) -%}
    coalesce(cast({{ column }} as string) in ('NaN', 'Infinity', '-Infinity'), false)
{%- endmacro %}

{% macro duckdb__is_not_finite(column) -%}
    coalesce(not isfinite(try_cast({{ column }} as double)), false)
{%- endmacro %}
