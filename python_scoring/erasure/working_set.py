"""Erasure from warehouse.duckdb: from its tables, and from freed blocks by rewriting the file."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from python_scoring.erasure import tables
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.tables import Holding
from python_scoring.errors import InputError
from python_scoring.project.sql_text import identifier, literal
from python_scoring.warehouse import Warehouse

UNFINISHED = ".erasing"


@contextmanager
def connect(
    warehouse: Warehouse, subjects: DataSubjects, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach the working set under the name that its views use.

    Raises InputError while another process uses the file.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set temp_directory = {literal(str(warehouse.folder / 'spill'))}")
        tables.register_functions(connection, subjects)
        try:
            path, mode = (
                literal(str(warehouse.working_set)),
                "read_only" if read_only else "read_write",
            )
            connection.execute(f"attach {path} as {_name(warehouse)} ({mode})")
        except duckdb.Error as error:
            raise InputError(
                f"{warehouse.working_set} is in use by another process, or unreadable: {error}. "
                "Wait until it has ended, and run the command again. Nothing was erased."
            ) from error
        yield connection


def find(warehouse: Warehouse, subjects: DataSubjects) -> list[Holding]:
    """The tables that hold or name a data subject. Raises InputError while the file is in use."""
    if not warehouse.working_set.exists():
        return []
    with connect(warehouse, subjects, read_only=True) as connection:
        return list(tables.find(connection, warehouse.working_set.stem, subjects))


def erase(warehouse: Warehouse, subjects: DataSubjects) -> None:
    """Delete the data subjects from the tables, then rewrite the file, with views and schemas.

    The file is always rewritten: blocks of rebuilt tables and deleted rows stay in it until they
    are reused. Raises InputError while another process uses the file.
    """
    remove_leftovers(warehouse)
    if not warehouse.working_set.exists():
        return
    unfinished = _unfinished(warehouse)
    name = _name(warehouse)
    with connect(warehouse, subjects) as connection:
        connection.begin()
        for holding in list(tables.find(connection, warehouse.working_set.stem, subjects)):
            tables.erase(connection, subjects, holding)
        connection.commit()
        connection.execute(f"attach {literal(str(unfinished))} as renewed")
        connection.execute(f"copy from database {name} to renewed")
        connection.execute("detach renewed")  # writes its log into the file
        connection.execute(f"detach {name}")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    shutil.copymode(warehouse.working_set, unfinished)
    unfinished.replace(warehouse.working_set)


def remove_leftovers(warehouse: Warehouse) -> None:
    """Delete the spilled files of a killed build and the unfinished file of a killed erasure."""
    for path in (_unfinished(warehouse), _unfinished(warehouse).with_suffix(f"{UNFINISHED}.wal")):
        path.unlink(missing_ok=True)
    for path in (warehouse.folder / "spill").glob("duckdb_temp_*"):
        with suppress(OSError):
            path.unlink()


def _name(warehouse: Warehouse) -> str:
    return identifier(warehouse.working_set.stem)


def _unfinished(warehouse: Warehouse) -> Path:
    return warehouse.working_set.with_name(f"{warehouse.working_set.name}{UNFINISHED}")
