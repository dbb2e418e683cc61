"""The serving database as functions in DuckDB, for the hooks at the end of a build.

Jinja can neither catch an error nor speak to PostgreSQL: these functions answer in JSON, and never
raise.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import duckdb

from python_scoring.warehouse import Warehouse


def register(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create `publish_to_serving` and `new_access`; both do nothing where SERVING_DSN is not set.

    A function reads the lake through a cursor of its own, which sees what is committed.
    """

    def publish_to_serving() -> str:
        return json.dumps(_publish(connection.cursor), default=str)

    def new_access(log_file: str | None, log_position: int | None) -> str:
        return json.dumps(_new_access(warehouse, log_file, log_position))

    connection.create_function(
        "publish_to_serving", publish_to_serving, [], "VARCHAR", side_effects=True
    )
    connection.create_function(
        "new_access",
        new_access,
        ["VARCHAR", "BIGINT"],
        "VARCHAR",
        side_effects=True,
        null_handling="special",
    )


def _publish(lake: Callable[[], duckdb.DuckDBPyConnection]) -> list[dict[str, Any]]:
    dsn = os.environ.get("SERVING_DSN")
    if not dsn:
        return []
    from python_scoring.serving import publish

    with lake() as cursor:
        return [asdict(outcome) for outcome in publish(cursor, dsn)]


def _new_access(
    warehouse: Warehouse, log_file: str | None, log_position: int | None
) -> dict[str, str | None]:
    dsn = os.environ.get("SERVING_DSN")
    if not dsn:
        return {}
    from python_scoring.errors import PredictionError
    from python_scoring.serving.access_log import write_new_entries

    after = None if log_file is None or log_position is None else (log_file, log_position)
    try:
        file = write_new_entries(dsn, after, warehouse.folder / "new_access.parquet")
    except PredictionError as error:
        return {"file": None, "error": str(error)}
    return {"file": None if file is None else str(file), "error": None}
