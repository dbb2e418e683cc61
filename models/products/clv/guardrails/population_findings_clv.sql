{{ population_findings('clv') }}
