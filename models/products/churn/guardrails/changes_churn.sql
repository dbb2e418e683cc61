{{ batch_changes('churn') }}
