"""Runs that are due according to the plan."""

from datetime import datetime
from typing import NamedTuple

import duckdb


class DueRun(NamedTuple):
    """Columns of a due run that decide how it is scored."""

    run_id: str
    as_of: datetime
    data_cutoff: datetime
    model_version: str
    output_schema_version: str


def due_runs(runs: duckdb.DuckDBPyRelation, product: str) -> list[DueRun]:
    """Return the due runs of a product, oldest first."""
    columns = ", ".join(DueRun._fields)
    rows = runs.filter(f"product = '{product}'").project(columns).order("as_of").fetchall()
    return [DueRun(*row) for row in rows]
