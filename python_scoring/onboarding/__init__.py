"""First steps with own data: a check of the raw files, and first models of them."""
