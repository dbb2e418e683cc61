{{ label_findings('clv') }}
