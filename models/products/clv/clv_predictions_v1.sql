{{ current_predictions('clv', 1) }}
