"""Serving database: what the lake publishes, in a PostgreSQL with one role per consumer.

Public interface, for the rest of the project:

| module | |
|---|---|
| `publishing` | `publish`: bring the database to the state of the lake |
| `customer_removal` | `find`, `remove`: the partitions that hold given customers |
| `access_log` | `load`: who read what, from the server's log, and whether it is whole |
| `duckdb_functions` | `register`: publish and read the access log from the hooks of a build |
| `local`, `demo` | `LocalServer`, `serve`: a PostgreSQL server for a laptop and for tests |

Code outside this package imports only these modules (they are in `__all__`) and only their names
without a leading underscore. All other modules are private, and so are the tables of the schema
`serving_data`: only this package reads, writes or replaces them. What another package needs from
them becomes a function of a public module.

The package imports none of its modules by itself, because most of them import psycopg and most
builds have no serving database.
"""

__all__ = [
    "access_log",
    "customer_removal",
    "demo",
    "duckdb_functions",
    "local",
    "publishing",
]
