-- depends_on: {{ ref('predictions_churn') }} {{ ref('prediction_freshness') }}
select {{ columns_of('served', reason_codes='cast(reason_codes as json)') }}
from {{ product_ref('served_predictions') }}
