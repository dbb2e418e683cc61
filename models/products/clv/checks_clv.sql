{{ output_checks('clv') }}
