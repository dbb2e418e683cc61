"""DuckDB functions for guardrails: training distributions, chance of a distance, expectations."""

import json
from dataclasses import asdict
from typing import Any

import duckdb

from python_scoring.errors import ArtifactError
from python_scoring.models.artifacts import RegistryRow
from python_scoring.scoring.candidates import not_registered
from python_scoring.scoring.schema import REFERENCE_COLUMNS


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `training_reference`, `chance_of_distance` and `expected_performance`.

    `training_reference(product, model_version, registry_row)` is a list of structs.

    `registry_row` is the model's row of model_registry as JSON, empty if it has none. The structs
    have REFERENCE_COLUMNS; the list is empty for a card without reference distributions. A query
    fails with ArtifactError if the card is not the registered one.

    `chance_of_distance(measure, value, sample)` is the probability of such a distance without any
    change, where `sample` is a struct of SAMPLE_COLUMNS; see python_scoring/uncertainty/chance.py.

    `expected_performance(bins, labels)` is a list of structs with EXPECTATION_COLUMNS, where `bins`
    is a struct of BIN_COLUMNS and `labels` the labels, those of the lowest scores first; see
    python_scoring/uncertainty/expectation.py.
    """
    fields = ", ".join(f"{name} {data_type}" for name, data_type in REFERENCE_COLUMNS.items())
    connection.create_function(
        "training_reference",
        _training_reference,
        ["varchar", "varchar", "varchar"],
        f"struct({fields})[]",
        side_effects=True,
    )
    sample = ", ".join(f"{name} {data_type}" for name, data_type in SAMPLE_COLUMNS.items())
    connection.create_function(
        "chance_of_distance",
        _chance_of_distance,
        ["varchar", "double", f"struct({sample})"],
        "double",
    )
    bins, expectation = (
        ", ".join(f"{name} {data_type}" for name, data_type in columns.items())
        for columns in (BIN_COLUMNS, EXPECTATION_COLUMNS)
    )
    connection.create_function(
        "expected_performance",
        _expected_performance,
        [f"struct({bins})", "varchar[]"],
        f"struct({expectation})[]",
    )


def _training_reference(
    product: str, model_version: str, registry_row: str
) -> list[dict[str, Any]]:
    if not registry_row:
        raise ArtifactError(not_registered(product, model_version))
    # Importing scikit-learn takes a third of the time of a build with nothing due.
    from python_scoring.scoring.references import reference_rows

    row = json.loads(registry_row)
    return reference_rows(RegistryRow(**{name: row[name] for name in _REGISTRY_COLUMNS}))


def _chance_of_distance(measure: str, value: float, sample: dict[str, Any]) -> float:
    from python_scoring.uncertainty.chance import Sample

    return Sample(**sample).chance(measure, value)


def _expected_performance(bins: dict[str, Any], labels: list[str]) -> list[dict[str, Any]]:
    import numpy as np

    from python_scoring.uncertainty.expectation import ScoredBins, expectations

    numbers = {
        name: np.array(bins[name], dtype=np.float64)
        for name in ("customers", "scores", "lower", "upper")
    }
    bands = np.array(bins["bands"], dtype=np.int64)
    run = ScoredBins(**numbers, bands=bands, level=bins["level"], group_size=bins["group_size"])
    found = expectations(run, labels)
    return [asdict(each) for each in found]


# The fields of python_scoring.uncertainty.expectation.ScoredBins and Expectation.
BIN_COLUMNS = {
    "customers": "double[]",
    "scores": "double[]",
    "lower": "double[]",
    "upper": "double[]",
    "bands": "integer[]",
    "level": "double",
    "group_size": "integer",
}
EXPECTATION_COLUMNS = {
    "metric": "varchar",
    "scope": "varchar",
    "expected": "double",
    "lower": "double",
    "upper": "double",
}
# The fields of python_scoring.uncertainty.chance.Sample, which imports NumPy and SciPy.
SAMPLE_COLUMNS = {
    "customers": "bigint",
    "base_customers": "bigint",
    "shares": "double[]",
    "base_shares": "double[]",
    "tenths": "integer[]",
    "edges": "double[]",
}
_REGISTRY_COLUMNS = tuple(RegistryRow.__dataclass_fields__)
