-- depends_on: {{ ref('predictions_clv') }} {{ ref('run_states') }}
select * from {{ product_ref('prediction_history') }}
