{{ label_findings('churn') }}
