-- depends_on: {{ ref('predictions_churn') }} {{ ref('run_states') }}
select * from {{ product_ref('prediction_history') }}
