"""DuckDB function for dbt's macros: the validated contracts and exposures of the parsed project."""

from collections.abc import Callable

import duckdb


def register(connection: duckdb.DuckDBPyConnection, validated: Callable[[], str]) -> None:
    """Create `validated_project()`, which returns the JSON text of `ValidatedProject.as_json`."""
    connection.create_function("validated_project", validated, [], "varchar")
