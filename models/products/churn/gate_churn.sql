{{ gate('churn') }}
