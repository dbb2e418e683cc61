{#- A customer's row of a snapshot as text, for the snapshot's digest; a null is an empty text in `concat`. -#}
{% macro snapshot_row_text(features) -%}
    concat(
        customer_id
        {%- for feature in features %},
        '|{{ feature }}=', {{ feature }}
        {%- endfor %}
    )
{%- endmacro %}
