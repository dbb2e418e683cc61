{{ current_predictions('churn') }}
