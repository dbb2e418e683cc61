{{ score_findings('clv') }}
