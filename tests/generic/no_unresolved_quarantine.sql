{#- Fails while the newest planned slot of a product waits in quarantine, so that the scheduler sees
    that nothing was published. It hangs on the end of the product's chain and skips nothing. -#}
{% test no_unresolved_quarantine(model, product) %}
{{ config(tags=['every_build']) }}
-- depends_on: {{ model }}
select
    states.run_id,
    states.as_of,
    states.reason
from {{ ref('scoring_plan') }} as plan
inner join {{ ref('run_states') }} as states on plan.run_id = states.run_id
where plan.product = '{{ product }}' and states.status = 'quarantined'
{% endtest %}
