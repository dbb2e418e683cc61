{#- Fails for every review, response or preventive action that the product's incidents call for and that is past
    its due date: what was promised after an incident is part of the job. -#}
{% test duties_are_done(model, product) %}
{{ config(tags=['every_build']) }}
-- depends_on: {{ model }}
select
    incident_id,
    duty,
    subject,
    owner,
    due_on
from {{ ref('review_duties') }}
where product = '{{ product }}' and is_overdue
{% endtest %}
