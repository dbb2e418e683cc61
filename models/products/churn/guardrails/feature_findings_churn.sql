{{ feature_findings('churn') }}
