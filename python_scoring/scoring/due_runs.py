"""Runs that the plan says are due."""

from datetime import datetime
from typing import NamedTuple

import duckdb


class DueRun(NamedTuple):
    """What of a due run decides how it is scored."""

    run_id: str
    as_of: datetime
    data_cutoff: datetime
    model_version: str
    output_schema_version: str


def due_runs(runs: duckdb.DuckDBPyRelation, product: str) -> list[DueRun]:
    """The due runs of a product, oldest first."""
    columns = ", ".join(DueRun._fields)
    rows = runs.filter(f"product = '{product}'").project(columns).order("as_of").fetchall()
    return [DueRun(*row) for row in rows]
