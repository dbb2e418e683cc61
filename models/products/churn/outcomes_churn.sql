{{ measured_outcomes('churn') }}
