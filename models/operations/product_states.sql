-- Computed when it is read: predictions turn stale even if no job ever runs again.
{{ product_states(ref('prediction_contracts'), ref('run_states'), current_utc_timestamp()) }}
