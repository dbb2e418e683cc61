"""DuckDB functions for the landing of raw files: facts of the file system, as JSON.

Jinja can neither list a folder nor catch an error.
"""

import json
import os
from typing import Any

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import InputError
from python_scoring.raw.files import raw_data_folder
from python_scoring.raw.landing import LandingPlan, Table, plan

LOADED_AT = "RAW_LOADED_AT"
WHEN_HAPPENED = "event-time"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `plan_landing`, which returns this process's landing plan as JSON.

    It compares files and lake through its own cursor, which sees committed data only.
    """

    def plan_landing(tables: str) -> str:
        with connection.cursor() as lake:
            lake.execute("set timezone = 'UTC'")
            return _plan(lake, json.loads(tables)).to_json()

    connection.create_function(
        "plan_landing", plan_landing, ["varchar"], "varchar", side_effects=True
    )


def _plan(lake: duckdb.DuckDBPyConnection, tables: list[dict[str, Any]]) -> LandingPlan:
    declared = [Table(**table) for table in tables]
    try:
        return plan(
            lake, raw_data_folder(), declared, clock(), loaded_when_happened=loaded_when_happened()
        )
    except InputError as error:
        return LandingPlan(problems=[str(error)])


def loaded_when_happened() -> bool:
    """Whether rows of files without `loaded_at` count as loaded when they happened."""
    return os.environ.get(LOADED_AT) == WHEN_HAPPENED
