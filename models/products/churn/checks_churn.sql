{{ output_checks('churn') }}
