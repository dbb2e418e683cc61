{#- Limits of findings. -#}

{% macro is_beyond(limit) -%}
    (
        not_evaluated is null and (
            value is null
            or has_no_limit
            or coalesce(case when direction = 'at most' then value > {{ limit }} else value < {{ limit }} end, false)
        )
    )
{%- endmacro %}
