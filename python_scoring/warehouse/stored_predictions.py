"""Stored predictions: published, or in quarantine."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from python_scoring.errors import InputError


@dataclass(frozen=True)
class Prediction:
    """Published or quarantined prediction."""

    prediction_id: str
    product: str
    customer_id: str
    as_of: datetime
    run_id: str
    score: float | None
    label: str | None
    model_version: str
    feature_version: str
    feature_snapshot_id: str
    reason_codes: str | None


def stored_prediction(lake: duckdb.DuckDBPyConnection, prediction_id: str) -> Prediction:
    """Return the prediction with this id, of any product; raises InputError if there is none."""
    columns = ", ".join(Prediction.__dataclass_fields__)
    tables = lake.execute(
        "select table_name from duckdb_columns() where database_name = 'lake' "
        "and schema_name = 'predictions' and column_name = 'prediction_id' order by table_name"
    ).fetchall()
    for (table,) in tables:
        row = lake.execute(
            f"select {columns} from lake.predictions.{table} where prediction_id = ?",  # noqa: S608 - names of the lake
            [prediction_id],
        ).fetchone()
        if row:
            return Prediction(*row)
    known = ", ".join(name for (name,) in tables)
    raise InputError(
        f"no prediction {prediction_id} in lake.predictions ({known}): expected a prediction_id, "
        "32 hexadecimal digits, as the marts have it; WAREHOUSE names the warehouse"
    )
