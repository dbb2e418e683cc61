{{ prediction_history('churn', 1) }}
