{{ prediction_history('churn') }}
