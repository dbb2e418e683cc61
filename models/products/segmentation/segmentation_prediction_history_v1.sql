-- depends_on: {{ ref('predictions_segmentation') }} {{ ref('run_states') }}
select * from {{ product_ref('prediction_history') }}
