"""DuckDB functions for the serving database, for the hooks at the end of a build.

Jinja can neither catch an error nor connect to PostgreSQL. These functions return JSON and never
raise.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.func import FunctionNullHandling

from python_scoring.warehouse import Warehouse

ACCESS_SCHEMA = pa.schema(
    {
        "logged_at": pa.timestamp("us"),
        "role": pa.string(),
        "output": pa.string(),
        "version": pa.int32(),
        "usage_context": pa.string(),
        "allowed": pa.bool_(),
        "statement_digest": pa.string(),
        "reason": pa.string(),
        "log_file": pa.string(),
        "log_position": pa.int64(),
    }
)


def register(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create the functions `publish_to_serving` and `load_access_log` in a DuckDB connection.

    Both do nothing where SERVING_DSN is not set. They read the lake through a cursor of their own,
    which sees committed data only.
    """

    def publish_to_serving() -> str:
        return json.dumps(_publish(connection.cursor), default=str)

    def load_access_log(known: str | None) -> str:
        return json.dumps(_load_access_log(warehouse, known), default=str)

    connection.create_function(
        "publish_to_serving", publish_to_serving, [], "varchar", side_effects=True
    )
    connection.create_function(
        "load_access_log",
        load_access_log,
        ["varchar"],
        "varchar",
        side_effects=True,
        null_handling=FunctionNullHandling.SPECIAL,
    )


# psycopg is imported only where SERVING_DSN is set: most builds have no serving database.


def _publish(lake: Callable[[], duckdb.DuckDBPyConnection]) -> list[dict[str, Any]]:
    dsn = os.environ.get("SERVING_DSN")
    if not dsn:
        return []
    from python_scoring.serving.publishing import publish  # noqa: PLC0415

    try:
        with lake() as cursor:
            if not _is_anything_built(cursor):
                return []
            return [asdict(outcome) for outcome in publish(cursor, dsn)]
    except Exception as error:  # noqa: BLE001 - the hooks record it, and go on
        return [{"product": "all", "as_of": None, "rows": 0, "seconds": 0.0, "error": str(error)}]


def _is_anything_built(lake: duckdb.DuckDBPyConnection) -> bool:
    """Whether products exist: the first build may have ended before it created them."""
    found = lake.execute(
        "select 1 from duckdb_columns() where database_name = 'lake' "
        "and schema_name = 'operations' and table_name = 'serving_states'"
    )
    return found.fetchone() is not None


def _load_access_log(warehouse: Warehouse, known: str | None) -> dict[str, Any]:
    """The load as JSON, with the file of the reads; only an error where there is one.

    `known` is the progress of the last load, as this function returned it.
    """
    dsn = os.environ.get("SERVING_DSN")
    if not dsn:
        return {}
    from python_scoring.serving.access_log import load  # noqa: PLC0415
    from python_scoring.serving.log_progress import from_row, to_row  # noqa: PLC0415

    file = warehouse.folder / "new_access.parquet"
    try:
        with closing(_Rows(file)) as rows:
            found = load(dsn, from_row(json.loads(known)) if known else None, rows.write)
    except Exception as error:  # noqa: BLE001 - the hooks record it, and go on
        return {"file": None, "error": str(error), "load": None}
    return {
        "file": str(file) if found and found.entries else None,
        "error": None,
        "load": to_row(found) if found and found.progress else None,
    }


class _Rows:
    """Parquet file of reads, written in batches; no file where there are none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None

    def write(self, entries: Sequence[Any]) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, ACCESS_SCHEMA)
        rows = [asdict(each) for each in entries]
        self._writer.write_batch(pa.RecordBatch.from_pylist(rows, ACCESS_SCHEMA))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
