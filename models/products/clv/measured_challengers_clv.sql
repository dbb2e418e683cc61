{{ challenger_measures('clv') }}
