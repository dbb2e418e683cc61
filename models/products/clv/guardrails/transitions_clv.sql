{{ batch_transitions('clv') }}
