"""Rows for the trial of a model before its registration, as a build will score them.

They are customers of the newest feature snapshot. Without a warehouse they are MLflow's input
example, or invented within the units of the features.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ArtifactError, InputError
from python_scoring.project import Manifest
from python_scoring.training.estimators import SEED
from python_scoring.warehouse import Warehouse, connect_lake

ROWS = 200
UNSEEN = "a category that the training has not seen"

# Largest invented value of a feature, by its unit.
_LARGEST = {"days": 300, "currency": 500, "ratio": 3, "months": 12, "types": 4}
_LARGEST_COUNT = 12


@dataclass(frozen=True)
class TrialRows:
    """Eligible customers, one list per feature of the catalogue; nulls as in the snapshot.

    Messages call the rows `origin`. `is_real` tells real customers from invented ones. `nullable`
    has the features that may be null for an eligible customer, by name, with the values of other
    features in such a row.
    """

    columns: dict[str, list[Any]]
    origin: str
    is_real: bool
    nullable: dict[str, dict[str, float]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return JSON for the process that tries the model."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "TrialRows":
        """Parse the result of `to_json`."""
        return cls(**json.loads(text))

    def frame(self, features: list[dict[str, str]]) -> pd.DataFrame:
        """Return the rows as a build reads them: numbers as float64, categories as text or None."""
        return pd.DataFrame(
            {
                one["name"]: np.array(self.columns[one["name"]], dtype=np.float64)
                if one["type"] == "number"
                else np.array(self.columns[one["name"]], dtype=object)
                for one in features
            }
        )


def trial_rows(
    manifest: Manifest, contract: ScoringContract, example: pd.DataFrame | None = None
) -> TrialRows:
    """Return the rows for a product of this contract; `example` has a column per input.

    Raises ArtifactError if the example lacks numbers for a numeric feature.
    """
    declared = _declared(manifest)
    condition = contract.eligible_population.condition
    real = _snapshot(condition)
    rows, origin = real or (_eligible(_invented(declared), condition), "invented customers")
    if real is None and example is not None:
        rows = rows.loc[np.resize(rows.index, len(example))].reset_index(drop=True)
        for name in set(example.columns) & set(declared):
            rows[name] = _of_example(example[name], declared[name]["data_type"])
        origin = "the customers of its input example"
    nullable = {
        name: meta.get("null_with", {})
        for name, meta in declared.items()
        if "absent" not in meta
        and meta.get("nullable", True)
        and _may_be_null(name, meta.get("null_with", {}), rows, condition)
    }
    columns = {name: _plain(rows[name]) for name in declared}
    return TrialRows(columns, origin, real is not None, nullable)


def _declared(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Declaration of each feature, with its `data_type`, by name."""
    columns = manifest["nodes"]["model.customer_predictions.feature_snapshots"]["columns"]
    return {
        name: {**column["config"]["meta"], "data_type": column["data_type"]}
        for name, column in columns.items()
        if "window" in column["config"]["meta"]
    }


def _snapshot(condition: str) -> tuple[pd.DataFrame, str] | None:
    """Return eligible customers of the newest snapshot; None without a warehouse or customers."""
    try:
        with connect_lake(Warehouse.from_environment()) as lake:
            newest = lake.execute(
                "select as_of, max(feature_version) from lake.features.feature_snapshots"
                " group by as_of order by as_of desc limit 1"
            ).fetchone()
            if newest is None:
                return None
            rows = lake.execute(
                f"""
                select * from lake.features.feature_snapshots
                where as_of = ? and feature_version = ? and ({condition})
                order by md5(customer_id)
                limit {ROWS}
                """,  # noqa: S608 - the condition is the contract's own
                list(newest),
            ).df()
    except (InputError, duckdb.Error):
        return None
    return (rows, f"customers of the snapshot as of {newest[0]}") if len(rows) else None


def _invented(declared: dict[str, dict[str, Any]]) -> pd.DataFrame:
    generator = np.random.default_rng(SEED)
    columns: dict[str, Any] = {}
    for name, meta in declared.items():
        if meta["data_type"] == "text":
            columns[name] = np.full(ROWS, None, dtype=object)
            continue
        drawn = generator.uniform(1, _LARGEST.get(meta["unit"], _LARGEST_COUNT), ROWS)
        columns[name] = drawn.round(0 if meta["data_type"] == "integer" else 2)
    return pd.DataFrame(columns)


def _of_example(column: "pd.Series[Any]", data_type: str) -> Any:
    try:
        return (column.astype(object) if data_type == "text" else column.astype("float64")).array
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"the model's input example has {column.name}: {error}. Expected numbers; log the "
            "model again, with rows of the DataFrame that it was fitted on."
        ) from error


def _eligible(rows: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Return the eligible rows; all if the condition needs other columns, or matches none."""
    try:
        found = duckdb.query(f"select * from rows where {condition}").df()  # noqa: S608 - as above
    except duckdb.Error:
        return rows
    return found if len(found) else rows


def _may_be_null(name: str, others: dict[str, float], rows: pd.DataFrame, condition: str) -> bool:
    """Whether a customer with a null feature, and these other values, is eligible."""
    if rows[name].isna().any():
        return True
    changed = rows.assign(**others)  # noqa: F841 - DuckDB reads it by its name
    try:
        found = duckdb.query(
            f"select 1 from (select * replace (null as {name}) from changed) where {condition}"  # noqa: S608
        ).fetchone()
    except duckdb.Error:
        return True
    return found is not None


def _plain(column: "pd.Series[Any]") -> list[Any]:
    """Return the values as in JSON; None for nulls."""
    values = column.astype(object)
    is_category = values.map(lambda value: isinstance(value, str)).any()
    return [
        None if pd.isna(value) else (value if is_category else float(value)) for value in values
    ]
