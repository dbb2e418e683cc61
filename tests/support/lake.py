"""Shared by tests: write."""

import duckdb

from python_scoring.warehouse import Warehouse, install_extensions
from tests.support.project import Project


def write(project: Project, *statements: str) -> None:
    """Change the lake, as no reader can."""
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute(Warehouse(project.warehouse).attach_sql(read_only=False))
        for statement in statements:
            connection.execute(statement)
