{{ measured_outcomes('clv') }}
