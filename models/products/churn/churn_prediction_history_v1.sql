-- depends_on: {{ ref('predictions_churn') }} {{ ref('run_states') }}
select {{ columns_of('history') }}
from {{ product_ref('prediction_history') }}
