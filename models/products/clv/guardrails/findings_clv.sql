{{ all_findings('clv') }}
