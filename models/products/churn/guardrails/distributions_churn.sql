{{ output_distributions('churn') }}
