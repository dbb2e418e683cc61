-- depends_on: {{ ref('predictions_churn') }} {{ ref('prediction_freshness') }}
select * replace (cast(reason_codes as json) as reason_codes) from {{ product_ref('served_predictions') }}
