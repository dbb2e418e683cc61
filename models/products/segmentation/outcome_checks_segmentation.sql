-- depends_on: {{ ref('predictions_segmentation') }} {{ ref('challenger_scores_segmentation') }}
-- depends_on: {{ ref('training_segmentation') }}
-- depends_on: {{ ref('check_limits') }} {{ ref('stg_orders') }}
{{ config(made_of='outcome_checks', post_hook={"sql": "{{ record_outcomes('segmentation') }}", "transaction": false}) }}

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
