"""The serving database: what the lake publishes, in a PostgreSQL with a role per consumer."""
