-- What each consumer may read, in which version and for what, as its exposure says.
{{ consumer_contract_rows() }}
