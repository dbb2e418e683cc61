{#- Why consumers may not act on a product, beside its age. -#}

{% macro blocking_incidents() -%}
    select
        product,
        string_agg(
            'The incident ' || incident_id || ' of high severity is open: ' || message, ' ' order by incident_id
        ) as reason
    from {{ ref('incidents') }}
    where severity = 'high' and status in ('open', 'acknowledged')
    group by product
{%- endmacro %}


{% macro overdue_response() -%}
    'The escalation ' || incident_id || ' has waited for its ' || replace(subject, '_', ' ') || ' since '
    || cast(due_on as text) || '.'
{%- endmacro %}
