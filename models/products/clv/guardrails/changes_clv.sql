{{ batch_changes('clv') }}
