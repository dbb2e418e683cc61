-- depends_on: {{ ref('predictions_clv') }} {{ ref('prediction_freshness') }}
select * from {{ product_ref('served_predictions') }}
