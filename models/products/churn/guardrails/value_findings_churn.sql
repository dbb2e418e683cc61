{{ value_findings('churn') }}
