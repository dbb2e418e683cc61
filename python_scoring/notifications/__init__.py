"""`python -m python_scoring notify`: what the outbox holds reaches the owners, at least once."""
