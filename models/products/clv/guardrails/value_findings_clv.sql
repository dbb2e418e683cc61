{{ value_findings('clv') }}
