{{ output_statistics('churn') }}
