{#- How raw values become typed ones. What cannot be read becomes null, and its row is rejected. -#}

{% macro trimmed(column) -%}
    {{ adapter.dispatch('trimmed')(column) }}
{%- endmacro %}

{% macro default__trimmed(column) -%}
    nullif(trim(both ' \t\r\n' from {{ column }}), '')
{%- endmacro %}

{% macro duckdb__trimmed(column) -%}
    nullif(trim({{ column }}, e' \t\r\n'), '')
{%- endmacro %}

{% macro as_instant(column) -%}
    {{ adapter.dispatch('as_instant')(column) }}
{%- endmacro %}

{% macro default__as_instant(column) -%}
    try_cast({{ column }} as timestamp)
{%- endmacro %}

{% macro duckdb__as_instant(column) -%}
    case
        when typeof({{ column }}) = 'VARCHAR' then
            case when isfinite(try_cast({{ column }} as timestamptz))
                then cast(try_cast({{ column }} as timestamptz) as timestamp) end
        when isfinite(try_cast({{ column }} as timestamp)) then try_cast({{ column }} as timestamp)
    end
{%- endmacro %}

{% macro as_money(column) -%}
    try_cast({{ column }} as decimal(18, 2))
{%- endmacro %}

{% macro as_count(column) -%}
    case when try_cast({{ column }} as double) = try_cast({{ column }} as integer) then try_cast({{ column }} as integer) end
{%- endmacro %}

{% macro unreadable(column, parsed) -%}
    {{ column }} is not null and {{ parsed }} is null
{%- endmacro %}

{% macro is_not_finite(column) -%}
    {{ adapter.dispatch('is_not_finite')(column) }}
{%- endmacro %}

{% macro default__is_not_finite(column) -%}
    coalesce(cast({{ column }} as string) in ('NaN', 'Infinity', '-Infinity'), false)
{%- endmacro %}

{% macro duckdb__is_not_finite(column) -%}
    coalesce(not isfinite(try_cast({{ column }} as double)), false)
{%- endmacro %}
