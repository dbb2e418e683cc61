{{ prediction_history('clv') }}
