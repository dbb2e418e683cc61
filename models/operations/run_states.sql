-- What the ledger says of each run: its last entry, and whether consumers are served it.
{{ run_states() }}
