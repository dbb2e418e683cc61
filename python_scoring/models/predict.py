"""Predictions of a pinned model for a table of features.

A row's score depends on that row alone, never on its batch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from python_scoring.models.artifacts import Model, ModelCard
from python_scoring.models.segment_rules import RuleAssignment
from python_scoring.models.segments import Assignment, assign
from python_scoring.uncertainty import calibration, level

# Small batches are slow: boosted trees at 8k rows take ten times as long per row.
BATCH_ROWS = 100_000

# Documented precision of a score: hides the last bits, in which platforms differ.
DECIMALS = 6

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """Predictions for the rows of a frame; only segments have labels and an assignment."""

    scores: Scores
    labels: list[str | None] | None = None
    assignment: Assignment | RuleAssignment | None = None


def feature_projection(features: list[dict[str, str]]) -> list[str]:
    """Return the SQL expressions that read the features for `feature_frame`, in order."""
    return [
        feature["name"]
        if feature["type"] == "category"
        else f"cast({feature['name']} as double) as {feature['name']}"
        for feature in features
    ]


def feature_frame(batch: pa.RecordBatch, features: list[dict[str, str]]) -> pd.DataFrame:
    """Return a batch's features as the estimator was fitted: float64 numbers, category texts."""
    columns: dict[str, Any] = {}
    for feature in features:
        column = batch.column(feature["name"])
        if feature["type"] == "category":
            columns[feature["name"]] = column.to_pandas()
        else:
            columns[feature["name"]] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return pd.DataFrame(columns)


def predict(model: Model, frame: pd.DataFrame) -> Predicted:
    """Return rounded scores, with probabilities calibrated, and labels if the model gives them."""
    if model.card.score_type == "segment":
        assignment = assign(model.estimator, frame)
        names = np.asarray(model.card.segment_names, dtype=object)
        labels = list(names[assignment.nearest])
        return Predicted(assignment.clearness.round(DECIMALS), labels, assignment)
    raw = raw_scores(model.card, model.predictor, frame)
    if model.card.score_type == "probability":
        scores = calibration.apply(model.card.calibration, raw, model.as_of)
    else:
        scores = level.apply(model.card.calibration, raw, model.as_of)
    return Predicted(scores.round(DECIMALS))


def raw_scores(card: ModelCard, estimator: Any, frame: pd.DataFrame) -> Scores:
    """What the estimator itself says of each row, before any calibration; not of segments."""
    if card.score_type == "probability":
        return np.asarray(estimator.predict_proba(frame)[:, 1], dtype=np.float64)
    return np.asarray(estimator.predict(frame), dtype=np.float64)
