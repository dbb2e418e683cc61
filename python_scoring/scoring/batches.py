"""Core of scoring: from Arrow batches of features to Arrow batches of scores.

One function for every engine: DuckDB passes a RecordBatchReader, Spark mapInArrow. A row's score
depends on that row alone, never on its batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ScoringError
from python_scoring.explanations.reason_codes import ReasonCodes
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import Predicted, Scores, feature_frame, predict
from python_scoring.scoring.schema import SCORE_SCHEMA
from python_scoring.uncertainty import bounds


@dataclass(frozen=True)
class Band:
    """Label and the score below which it applies; the last band has no limit."""

    name: str
    below: float


def bands_of(contract: ScoringContract) -> list[Band]:
    """Return the contract's labels as bands of the score, in their order."""
    return [
        Band(label.name, np.inf if label.below is None else label.below)
        for label in contract.labels
    ]


def score_batches(
    batches: Iterator[pa.RecordBatch],
    model: Model,
    contract: ScoringContract,
    run_id: str,
    reasons: ReasonCodes | None = None,
) -> Iterator[pa.RecordBatch]:
    """Score batches of customers.

    Parameters
    ----------
    batches
        Columns: customer_id, the model's features, and the companions that `reasons` names.
    model
        A checked model.
    contract
        The contract, for the labels.
    run_id
        The run's id, for the column run_id.
    reasons
        Writer of the reason codes; without it they are null.

    Yields
    ------
    pyarrow.RecordBatch
        Rows with SCORE_SCHEMA, in the order of the input; a batch may be split.

    Raises
    ------
    ScoringError
        The estimator fails on a batch; the message names the model.

    """
    card = model.card
    bands = bands_of(contract)
    for batch in batches:
        frame = feature_frame(batch, card.features)
        try:
            predicted = predict(model, frame)
            scores = predicted.scores
            codes = _reason_codes(reasons, batch, frame, predicted)
            lower, upper, level = _bounds(model, scores)
        except Exception as error:
            raise ScoringError(_failure(model, frame, error)) from error
        labels = band_labels(scores, bands) if predicted.labels is None else predicted.labels
        scored = pa.Table.from_arrays(
            [
                pa.repeat(run_id, len(scores)),
                batch.column("customer_id").cast(pa.string()),
                pa.array(scores),
                lower,
                upper,
                level,
                pa.array(labels, type=pa.string()),
                codes,
                pa.repeat(card.model_version, len(scores)),
                pa.repeat(card.feature_version, len(scores)),
                pa.repeat(model.artifact_sha256, len(scores)),
            ],
            schema=SCORE_SCHEMA,
        )
        # Reason codes come in parts: joining them would copy most of the data.
        yield from scored.to_batches()


def _failure(model: Model, frame: pd.DataFrame, error: Exception) -> str:
    """One line, since ledger and incident quote the last line of what a build printed."""
    said = " ".join(str(error).split()).rstrip(".")
    nulls = [str(name) for name, column in frame.items() if column.isna().any()]
    return (
        f"{model.card.product} {model.card.model_version} failed on a batch of {len(frame)} "
        f"customers: {type(error).__name__}: {said}. Features with nulls in it: "
        f"{', '.join(nulls) or 'none'}. They are in lake.features.feature_snapshots."
    )


def _reason_codes(
    reasons: ReasonCodes | None, batch: pa.RecordBatch, frame: pd.DataFrame, predicted: Predicted
) -> pa.Array | pa.ChunkedArray:
    if reasons is None:
        return pa.nulls(len(frame), pa.string())
    return reasons.write(frame, feature_frame(batch, reasons.companions), predicted)


def _bounds(model: Model, scores: Scores) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return lower bounds, upper bounds and their level; nulls if the model has none."""
    table = model.card.bounds
    if not table:
        nothing = pa.nulls(len(scores), pa.float64())
        return nothing, nothing, nothing
    lower, upper = bounds.apply(table, scores)
    level = pa.repeat(pa.scalar(float(table["interval_level"])), len(scores))
    return pa.array(lower), pa.array(upper), level


def band_labels(scores: Scores, bands: list[Band]) -> list[str | None]:
    """Return the contract's label for each score; None for NaN."""
    limits = np.array([band.below for band in bands[:-1]])
    names = np.array([band.name for band in bands], dtype=object)
    labels = names[np.searchsorted(limits, scores, side="right").clip(max=len(bands) - 1)]
    labels[np.isnan(scores)] = None
    return list(labels)
