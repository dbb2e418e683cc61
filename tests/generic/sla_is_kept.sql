{#- Fails while a slot of the product, or a newer one, waits beyond its deadline, or predictions are served beyond
    their maximum age: late is an error until it is resolved. It hangs on the end of the product's chain. -#}
{% test sla_is_kept(model, product) %}
{{ config(tags=['every_build']) }}
-- depends_on: {{ model }}
select
    as_of,
    kind,
    hours_late,
    reason
from {{ ref('sla_breaches') }}
where product = '{{ product }}' and outcome = 'open'
{% endtest %}
