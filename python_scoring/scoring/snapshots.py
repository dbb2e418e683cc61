"""Scoring of a feature snapshot's customers by one checked model."""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pyarrow as pa

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ArtifactError, ScoringError
from python_scoring.explanations.reason_codes import ReasonCodes
from python_scoring.models import artifacts
from python_scoring.models.artifacts import Model, RegistryRow
from python_scoring.models.predict import BATCH_ROWS, feature_projection
from python_scoring.scoring.batches import score_batches
from python_scoring.scoring.due_runs import DueRun

NUMERIC_PREFIXES = ("DECIMAL", "INTEGER", "BIGINT", "DOUBLE")


def scoring_of(
    run: DueRun,
    row: RegistryRow,
    contract: ScoringContract,
    snapshots: duckdb.DuckDBPyRelation,
) -> tuple[Model, duckdb.DuckDBPyRelation]:
    """Return the run's model, checked, and the snapshot rows of its eligible customers.

    Raises ArtifactError for a model that does not fit contract or snapshot, and ScoringError if
    there is no snapshot for the run.
    """
    _check_output_schema(row, run.output_schema_version)
    snapshot = _snapshot(snapshots, row, run.as_of, run.data_cutoff)
    model = artifacts.load(row).at(run.as_of)
    _check_features(model, snapshot)
    return model, snapshot.filter(contract.eligible_population.condition)


def score_snapshot(
    eligible: duckdb.DuckDBPyRelation,
    model: Model,
    contract: ScoringContract,
    run_id: str,
    reasons: ReasonCodes | None,
) -> Iterator[pa.RecordBatch]:
    """Yield scores of the customers of a feature snapshot, in batches; see score_batches."""
    reader = eligible.project(_projection(model, reasons)).to_arrow_reader(BATCH_ROWS)
    yield from score_batches(iter(reader), model, contract, run_id, reasons)


def _check_output_schema(row: RegistryRow, output_schema_version: str) -> None:
    if row.output_schema_version.split(".", 1)[0] != output_schema_version.split(".", 1)[0]:
        raise ArtifactError(
            f"{row.product} {row.model_version} fills output schema {row.output_schema_version}, "
            f"but the contract asks for {output_schema_version}. "
            "Pin a model of the same major version."
        )


def _snapshot(
    snapshots: duckdb.DuckDBPyRelation, row: RegistryRow, as_of: datetime, data_cutoff: datetime
) -> duckdb.DuckDBPyRelation:
    """Return the run's feature snapshot; never one of another version or cutoff."""
    at_as_of = snapshots.filter(f"as_of = timestamp '{as_of}'")
    found = at_as_of.aggregate(
        "feature_version, data_cutoff", "feature_version, data_cutoff"
    ).fetchall()
    if (row.feature_version, data_cutoff) in found:
        return at_as_of.filter(
            f"data_cutoff = timestamp '{data_cutoff}' and feature_version = '{row.feature_version}'"
        )
    versions = sorted({version for version, _ in found})
    if versions and row.feature_version not in versions:
        raise ArtifactError(
            f"{row.product} {row.model_version} was trained on feature_version "
            f"{row.feature_version}, but the snapshot as of {as_of} has {', '.join(versions)}. "
            "Retrain the model on the present definitions, or pin one that was."
        )
    if found:
        cutoffs = ", ".join(str(cutoff) for _, cutoff in found)
        raise ScoringError(
            f"the snapshot as of {as_of} was built with data cutoff {cutoffs}, but this run needs "
            f"{data_cutoff}: products that share an as-of must share the availability lag."
        )
    raise ScoringError(
        f"there is no feature snapshot as of {as_of}: expected customers loaded before "
        f"{data_cutoff}?"
    )


def _check_features(model: Model, snapshot: duckdb.DuckDBPyRelation) -> None:
    types = dict(zip(snapshot.columns, map(str, snapshot.types), strict=True))
    for feature in model.card.features:
        name, wanted = feature["name"], feature["type"]
        found = types.get(name)
        is_number = found is not None and found.startswith(NUMERIC_PREFIXES)
        if found is None or is_number != (wanted == "number"):
            raise ArtifactError(
                f"{model.card.product} {model.card.model_version} needs the feature {name} "
                f"as a {wanted}, but the snapshot has {found or 'no such column'}. "
                "Retrain the model on the features of lake.features.feature_catalogue."
            )


def _projection(model: Model, reasons: ReasonCodes | None) -> str:
    features = [*model.card.features, *(reasons.companions if reasons else [])]
    return ", ".join(["customer_id", *feature_projection(features)])
