{{ current_predictions('churn', 1) }}
