"""Rows that a build records of its runs, with the columns that this library reads."""

from datetime import datetime
from typing import Any, TypedDict


class RunManifest(TypedDict):
    """Row of lake.operations.run_manifest. Times are naive UTC; `*_json` and libraries are JSON."""

    run_id: str
    product: str
    as_of: datetime
    data_cutoff: datetime
    model_version: str
    artifact_path: str
    artifact_sha256: str
    training_run_id: str
    training_as_of: str
    training_config_sha256: str
    training_data_sha256: str | None
    trained_at: datetime
    feature_version: str
    definitions_sha256: str
    feature_snapshot_id: str | None
    output_schema_version: str
    contract_json: str
    wordings_json: str | None
    engine: str | None
    libraries: str | None
    lake_snapshot_id: int | None
    invocation_id: str
    code_version: str
    recorded_at: datetime


class FinishedRun(RunManifest):
    """Run that a build brought to an outcome: its manifest with its row of the ledger."""

    status: str
    reason: str
    rows_published: int | None
    rows_scored: int | None
    started_at: datetime


class TracedPrediction(TypedDict):
    """Row of prediction_lineage with its JSON parsed, and the features that the model used."""

    prediction_id: str
    product: str
    customer_id: str
    as_of: datetime
    predicted_at: datetime
    score: float | None
    score_lower: float | None
    score_upper: float | None
    interval_level: float | None
    label: str | None
    run_id: str
    run_status: str
    output_schema_version: str
    contract: dict[str, Any] | None
    model_version: str
    artifact_path: str | None
    artifact_sha256: str
    training_run_id: str
    training_as_of: str
    trained_at: datetime
    training_config_sha256: str
    training_data_sha256: str | None
    feature_version: str
    feature_snapshot_id: str
    definitions_sha256: str
    feature_definitions: list[dict[str, Any]] | None
    feature_values: dict[str, Any] | None
    features_used: dict[str, Any] | None
    model_problem: str | None
    data_cutoff: datetime | None
    inputs: list[dict[str, Any]] | None
    libraries: dict[str, str] | None
    engine: str | None
    code_version: str | None
    invocation_id: str | None
    checks: list[dict[str, Any]] | None
    checks_passed: int | None
    readers: list[dict[str, Any]] | None
