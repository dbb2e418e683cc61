{{ change_findings('churn') }}
