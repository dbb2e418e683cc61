{#- Fails while the newest planned slot of a product waits in quarantine, so that the scheduler sees
    that nothing was published; in commissioning it warns. It hangs on the end of the product's chain and skips
    nothing. -#}
{% test no_unresolved_quarantine(model, product) %}
{{ config(tags=['every_build'], error_if='> 0 and bool_or(is_in_service)') }}
-- depends_on: {{ model }}
select
    states.run_id,
    states.as_of,
    states.reason,
    services.in_service_since is not null as is_in_service
from {{ ref('scoring_plan') }} as plan
inner join {{ ref('run_states') }} as states on plan.run_id = states.run_id
inner join {{ ref('product_services') }} as services on plan.product = services.product
where plan.product = '{{ product }}' and states.status = 'quarantined'
{% endtest %}
