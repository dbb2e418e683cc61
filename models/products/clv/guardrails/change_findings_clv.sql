{{ change_findings('clv') }}
