{{ output_statistics('clv') }}
