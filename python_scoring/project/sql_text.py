"""Text literals and quoted identifiers in SQL, of DuckDB, SQLite and PostgreSQL alike."""


def literal(text: str) -> str:
    """Return a text literal: `O'Neill` as `'O''Neill'`."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a quoted name of a table or column."""
    return '"' + name.replace('"', '""') + '"'
