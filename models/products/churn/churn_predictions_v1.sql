-- depends_on: {{ ref('predictions_churn') }} {{ ref('prediction_freshness') }}
select * from {{ product_ref('served_predictions') }}
