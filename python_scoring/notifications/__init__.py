"""`customer-predictions notify`: delivery of the outbox to the owners, at least once."""
