"""Writes to the lake, as no reader can."""

import duckdb

from python_scoring.warehouse import Warehouse, install_extensions
from tests.support.project import Project


def write(project: Project, *statements: str) -> None:
    """Run statements that change the lake."""
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute(Warehouse(project.warehouse).attach_sql(read_only=False))
        for statement in statements:
            connection.execute(statement)
