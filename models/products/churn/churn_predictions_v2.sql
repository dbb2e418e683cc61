{{ current_predictions('churn', 2, changed={'reason_codes': 'cast(predictions.reason_codes as json)'}) }}
