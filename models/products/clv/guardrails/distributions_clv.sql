{{ output_distributions('clv') }}
