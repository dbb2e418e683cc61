"""DuckDB functions for the serving database, for the hooks at the end of a build.

Jinja can neither catch an error nor connect to PostgreSQL. These functions return JSON and never
raise.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain
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
    """Create the functions `publish_to_serving` and `new_access` in a DuckDB connection.

    Both do nothing where SERVING_DSN is not set. They read the lake through a cursor of their own,
    which sees committed data only.
    """

    def publish_to_serving() -> str:
        return json.dumps(_publish(connection.cursor), default=str)

    def new_access(log_file: str | None, log_position: int | None) -> str:
        return json.dumps(_new_access(warehouse, log_file, log_position))

    connection.create_function(
        "publish_to_serving", publish_to_serving, [], "varchar", side_effects=True
    )
    connection.create_function(
        "new_access",
        new_access,
        ["varchar", "bigint"],
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
        "and schema_name = 'operations' and table_name = 'prediction_contracts'"
    )
    return found.fetchone() is not None


def _new_access(
    warehouse: Warehouse, log_file: str | None, log_position: int | None
) -> dict[str, str | None]:
    dsn = os.environ.get("SERVING_DSN")
    if not dsn:
        return {}
    after = None if log_file is None or log_position is None else (log_file, log_position)
    file = warehouse.folder / "new_access.parquet"
    try:
        is_any = _write(_batches(dsn, after), file)
    except Exception as error:  # noqa: BLE001 - the hooks record it, and go on
        return {"file": None, "error": str(error)}
    return {"file": str(file) if is_any else None, "error": None}


def _write(batches: Iterator[pa.RecordBatch], file: Path) -> bool:
    first = next(batches, None)
    if first is None:
        return False
    with pq.ParquetWriter(file, ACCESS_SCHEMA) as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
    return True


def _batches(dsn: str, after: tuple[str, int] | None) -> Iterator[pa.RecordBatch]:
    from python_scoring.serving.access_log import new_entries  # noqa: PLC0415

    while entries := new_entries(dsn, after):
        yield pa.RecordBatch.from_pylist([asdict(each) for each in entries], ACCESS_SCHEMA)
        after = (entries[-1].log_file, entries[-1].log_position)
