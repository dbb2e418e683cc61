{% macro code_version() -%}
    cast(getvariable('code_version') as text)
{%- endmacro %}


{% macro string_literal(text) -%}
    '{{ (text | string).replace("'", "''") }}'
{%- endmacro %}


{% macro literal(value, type='text') -%}
    cast({{ 'null' if value is none or value is undefined else string_literal(value) }} as {{ type }})
{%- endmacro %}


{#- Columns of a query without rows. -#}
{% macro typed_nulls(types) -%}
    {% for name, type in types.items() %}cast(null as {{ type }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}


{% macro is_built(relation) -%}
    {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none) }}
{%- endmacro %}
