"""The serving database: what consumers read in PostgreSQL."""
