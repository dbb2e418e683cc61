"""Trace of one prediction: its lineage, for people and for programs."""

import json
from collections.abc import Mapping
from typing import Any, cast

import duckdb

from python_scoring.errors import ArtifactError
from python_scoring.lineage.records import TracedPrediction
from python_scoring.models.artifacts import ModelCard, RegistryRow, load_card
from python_scoring.warehouse import Warehouse, connect_lake
from python_scoring.warehouse.stored_predictions import Prediction, stored_prediction

# Columns of prediction_lineage that hold JSON.
JSON_COLUMNS = (
    "reason_codes", "contract_json", "libraries", "feature_definitions", "feature_values", "inputs",
    "checks", "readers",
)  # fmt: skip


def trace(prediction_id: str, warehouse: Warehouse) -> TracedPrediction:
    """Return the row of prediction_lineage, its JSON parsed, and the features that the model used.

    Raises InputError if there is no such prediction.
    """
    with connect_lake(warehouse) as lake:
        row = _lineage(lake, stored_prediction(lake, prediction_id))
    for column in JSON_COLUMNS:
        row[column] = json.loads(row[column]) if row[column] else None
    row["contract"] = row.pop("contract_json")
    row["features_used"], row["model_problem"] = _features_used(row)
    return cast("TracedPrediction", row)


def _lineage(lake: duckdb.DuckDBPyConnection, prediction: Prediction) -> dict[str, Any]:
    found = lake.execute(
        "select * from lake.operations.prediction_lineage where prediction_id = ? "
        "and prediction_date = cast(? as date)",  # only its own partition
        [prediction.prediction_id, prediction.as_of],
    )
    columns = [column[0] for column in found.description or []]
    [values] = found.fetchall()
    return dict(zip(columns, values, strict=True))


def _features_used(row: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """Return the model's features with their values, or why they cannot be told from the others."""
    if row["feature_values"] is None or row["artifact_path"] is None:
        return None, None
    try:
        card = registered_card(row)
    except ArtifactError as error:
        return None, str(error)
    return {name: row["feature_values"].get(name) for name in _names(card)}, None


def registered_card(row: Mapping[str, Any]) -> ModelCard:
    """Return the card recorded with a run; `row` has the columns of run_manifest.

    Raises ArtifactError if the file is missing or is another one.
    """
    return load_card(recorded_model(row))


def recorded_model(row: Mapping[str, Any]) -> RegistryRow:
    """Return the model as recorded with the run, whatever the registry says now."""
    return RegistryRow(**{name: row[name] for name in RegistryRow.__dataclass_fields__})


def _names(card: ModelCard) -> list[str]:
    return [feature["name"] for feature in card.features]


def as_json(traced: TracedPrediction) -> str:
    """Return all of it as JSON; instants are texts."""
    return json.dumps(traced, indent=2, default=str)


def as_text(traced: TracedPrediction) -> str:
    """Return a section per link of the chain, from the prediction back to its inputs."""
    return "\n".join([*_prediction(traced), *_model(traced), *_features(traced), *_rest(traced)])


def _section(title: str, rows: dict[str, Any]) -> list[str]:
    return ["", title, *(f"  {name:<20}{_shown(value)}" for name, value in rows.items())]


def _shown(value: Any) -> str:
    return "not recorded" if value is None else str(value)


def _prediction(traced: TracedPrediction) -> list[str]:
    bounds = "none"
    if (level := traced["interval_level"]) is not None:
        bounds = f"{traced['score_lower']} to {traced['score_upper']} ({level:.0%})"
    return _section(
        f"Prediction {traced['prediction_id']}",
        {
            "product": traced["product"],
            "customer": traced["customer_id"],
            "as of": f"{traced['as_of']} UTC",
            "score": traced["score"],
            "bounds": bounds,
            "label": traced["label"],
            "run": f"{traced['run_id']}, {traced['run_status']}",
            "computed at": f"{traced['predicted_at']} UTC",
            "output schema": traced["output_schema_version"],
        },
    )[1:]


def _model(traced: TracedPrediction) -> list[str]:
    lines = _section(
        f"Model {traced['product']} {_shown(traced['model_version'])}",
        {
            "artifact": traced["artifact_path"],
            "artifact SHA-256": traced["artifact_sha256"],
            "training run": traced["training_run_id"],
            "trained as of": traced["training_as_of"],
            "registered at": traced["trained_at"],
            "card SHA-256": traced["training_config_sha256"],
            "training data": traced["training_data_sha256"],
        },
    )
    return lines + ([f"  {traced['model_problem']}"] if traced["model_problem"] else [])


def _features(traced: TracedPrediction) -> list[str]:
    lines = _section(
        f"Features {_shown(traced['feature_version'])}",
        {
            "snapshot": traced["feature_snapshot_id"],
            "definitions SHA-256": traced["definitions_sha256"],
        },
    )
    values = traced["features_used"] or traced["feature_values"] or {}
    digests = {
        each["feature"]: each["definition_sha256"] for each in traced["feature_definitions"] or []
    }
    for name, value in values.items():
        shown = "missing" if value is None else value
        lines.append(
            f"  {name:<28}{shown!s:>14}  definition {digests.get(name, 'not recorded')[:12]}"
        )
    return lines


def _rest(traced: TracedPrediction) -> list[str]:
    lines = _section(f"Inputs loaded before {_shown(traced['data_cutoff'])} UTC", {})
    for source in traced["inputs"] or []:
        lines.append(
            f"  {source['source']:<20}{source['rows']:,} rows, the newest of "
            f"{source['newest_loaded_at'] or 'no time'}, digest {source['content_digest']}, "
            f"DuckLake snapshot {source['lake_snapshot_id']}"
        )
    libraries = traced["libraries"] or {}
    lines += _section(
        "Computed by",
        {
            "code": traced["code_version"],
            "dbt invocation": traced["invocation_id"],
            "engine": traced["engine"],
            "libraries": ", ".join(f"{name} {version}" for name, version in libraries.items())
            or None,
        },
    )
    checks = traced["checks"] or []
    lines += _section("Checks", {"passed": traced["checks_passed"]})
    lines += [
        f"  {check['outcome']:<20}{check['check_name']} ({check['scope']}): {check['message']}"
        for check in checks
        if check["outcome"] == "failed"
    ]
    lines += _section("Read by", {})
    lines += [
        f"  {reader['role']:<20}{reader['output']} version {reader['version']} for "
        f"{reader['usage_context']}, {reader['reads']} times, the last at {reader['last_read_at']}"
        for reader in traced["readers"] or []
    ] or ["  no reads on the serving database; reads of the lake itself are not logged"]
    return lines
