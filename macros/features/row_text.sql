{#- A customer's row of a snapshot as text, for the snapshot's digest. -#}
{% macro snapshot_row_text(features) -%}
    concat_ws(
        '|', customer_id
        {%- for feature in features %},
        '{{ feature }}=' || coalesce(cast({{ feature }} as text), '')
        {%- endfor %}
    )
{%- endmacro %}
