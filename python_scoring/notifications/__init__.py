"""`customer-predictions notify`: what the outbox holds reaches the owners, at least once."""
