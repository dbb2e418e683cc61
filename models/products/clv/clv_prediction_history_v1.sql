{{ prediction_history('clv', 1) }}
