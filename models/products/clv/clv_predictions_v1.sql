{{ current_predictions('clv') }}
