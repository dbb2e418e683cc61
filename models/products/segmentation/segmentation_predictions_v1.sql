-- depends_on: {{ ref('predictions_segmentation') }} {{ ref('prediction_freshness') }}
select * from {{ product_ref('served_predictions') }}
