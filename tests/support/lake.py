"""Lakes, and changes to them behind the back of builds."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from python_scoring.integrity.catalogue import seal
from python_scoring.warehouse import Warehouse, install_extensions, prepare
from tests.support.project import Project


def empty_lake(folder: Path) -> Warehouse:
    """A warehouse with a lake, as the first build makes it, and without a table."""
    found = Warehouse(folder)
    with duckdb.connect() as connection:
        prepare(found, connection)
    return found


def write(project: Project, *statements: str) -> None:
    """Run statements that change the lake."""
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute(Warehouse(project.warehouse).attach_sql(read_only=False))
        for statement in statements:
            connection.execute(statement)


def age(warehouse: Warehouse, days: float) -> None:
    """As if every state of the lake were so many days older. While nothing has the lake open."""
    with closing(sqlite3.connect(warehouse.catalog)) as catalog:
        catalog.execute(
            "update ducklake_snapshot set snapshot_time ="
            " strftime('%Y-%m-%d %H:%M:%f+00', substr(snapshot_time, 1, 23), ?)",
            [f"-{days} days"],
        )
        catalog.commit()
    seal(warehouse)
