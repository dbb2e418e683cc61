"""The serving database: a PostgreSQL that holds what the lake publishes, for consumers with roles."""
