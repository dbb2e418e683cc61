{{ score_findings('churn') }}
