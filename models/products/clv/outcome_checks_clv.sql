-- depends_on: {{ ref('predictions_clv') }} {{ ref('challenger_scores_clv') }} {{ ref('training_clv') }}
-- depends_on: {{ ref('check_limits') }} {{ ref('stg_orders') }}
{{ config(made_of='outcome_checks', post_hook={"sql": "{{ record_outcomes('clv') }}", "transaction": false}) }}

select
    run_id,
    product,
    check_name,
    scope,
    value,
    threshold,
    severity,
    outcome,
    message
from {{ product_ref('outcome_checks') }}
