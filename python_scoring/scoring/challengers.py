"""Entry point of the dbt Python models challengers_<product>: score challengers, never served.

A challenger that fails is a row with the reason; it stops neither the champion nor the build.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import duckdb
import pyarrow as pa

from python_scoring.clock import parse_instant
from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ArtifactError, PredictionError
from python_scoring.project.sql_macros import expression
from python_scoring.scoring.candidates import contract_of, registry_row
from python_scoring.scoring.due_runs import DueRun, due_runs

CHALLENGER_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("customer_id", pa.string()),
        ("score", pa.float64()),
        ("label", pa.string()),
        ("model_version", pa.string()),
        ("feature_version", pa.string()),
        ("artifact_sha256", pa.string()),
        ("failure", pa.string()),
    ]
)

SCORED = [field.name for field in CHALLENGER_SCHEMA if field.name != "failure"]


class Challenge(NamedTuple):
    """Due run and the version that challenges its champion."""

    run: DueRun
    model_version: str


class Tables(NamedTuple):
    """Relations of the registry and the feature snapshots."""

    registry: duckdb.DuckDBPyRelation
    snapshots: duckdb.DuckDBPyRelation


def score_challengers(
    *,
    product: str,
    runs: duckdb.DuckDBPyRelation,
    pins: duckdb.DuckDBPyRelation,
    registry: duckdb.DuckDBPyRelation,
    contracts: duckdb.DuckDBPyRelation,
    snapshots: duckdb.DuckDBPyRelation,
) -> pa.RecordBatchReader:
    """Return scores of each challenger in force for each due run of `product`, as a stream.

    The stream has CHALLENGER_SCHEMA. It is empty if nothing is due or no challenger is in force.
    """
    challenges = _challenges(product, due_runs(runs, product), pins)
    if not challenges:
        return pa.RecordBatchReader.from_batches(CHALLENGER_SCHEMA, [])
    contract = contract_of(contracts, product)
    tables = Tables(registry, snapshots)

    def stream() -> Iterator[pa.RecordBatch]:
        for challenge in challenges:
            yield from _attempted(product, challenge, contract, tables)

    return pa.RecordBatchReader.from_batches(CHALLENGER_SCHEMA, stream())


def _challenges(product: str, runs: list[DueRun], pins: duckdb.DuckDBPyRelation) -> list[Challenge]:
    """Return each due run with each challenger in force at its as-of, except the champion."""
    of_product = pins.filter(f"product = '{product}'")
    found = {
        Challenge(run, version): None
        for run in runs
        for (version,) in of_product.filter(_in_force_at(run.as_of))
        .project("model_version")
        .order("model_version")
        .fetchall()
        if version != run.model_version
    }
    return list(found)


def _in_force_at(as_of: datetime) -> str:
    return expression("is_in_force", f"timestamp '{as_of}'", "pinned_from", "pinned_until")


def _attempted(
    product: str, challenge: Challenge, contract: ScoringContract, tables: Tables
) -> Iterator[pa.RecordBatch]:
    try:
        yield from _scored(product, challenge, contract, tables)
    except PredictionError as error:
        yield _failed(challenge, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the champion goes on
        yield _failed(challenge, f"{type(error).__name__}: {error}")


def _scored(
    product: str, challenge: Challenge, contract: ScoringContract, tables: Tables
) -> Iterator[pa.RecordBatch]:
    from python_scoring.scoring.snapshots import score_snapshot, scoring_of

    run = challenge.run
    row = registry_row(tables.registry, product, challenge.model_version, "challenger_pins")
    model, customers = scoring_of(run, row, contract, tables.snapshots)
    closed_at = parse_instant(model.card.label_window_closed_at)
    if run.as_of < closed_at:
        raise ArtifactError(
            f"{product} {challenge.model_version} has learned from outcomes until {closed_at}, and "
            f"would look ahead in a run as of {run.as_of}: start its row in "
            "seeds/challenger_pins.csv at that day or later"
        )
    for batch in score_snapshot(customers, model, contract, run.run_id, None):
        scores = pa.Table.from_batches([batch]).select(SCORED)
        complete = scores.append_column("failure", pa.nulls(len(scores), pa.string()))
        yield from complete.cast(CHALLENGER_SCHEMA).to_batches()


def _failed(challenge: Challenge, reason: str) -> pa.RecordBatch:
    row = dict.fromkeys(CHALLENGER_SCHEMA.names)
    row |= {
        "run_id": challenge.run.run_id,
        "model_version": challenge.model_version,
        "failure": " ".join(reason.split()),
    }
    return pa.RecordBatch.from_pylist([row], schema=CHALLENGER_SCHEMA)
