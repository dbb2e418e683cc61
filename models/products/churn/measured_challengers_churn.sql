{{ challenger_measures('churn') }}
