{{ feature_findings('clv') }}
