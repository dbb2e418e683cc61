{{ batch_transitions('churn') }}
