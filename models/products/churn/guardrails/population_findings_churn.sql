{{ population_findings('churn') }}
