-- depends_on: {{ ref('predictions_churn') }} {{ ref('prediction_freshness') }}
select {{ columns_of('served') }}
from {{ product_ref('served_predictions') }}
