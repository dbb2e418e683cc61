{{ all_findings('churn') }}
