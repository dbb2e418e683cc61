"""Verification of an imported model before registration: it scores the rows of a build."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline

from python_scoring.errors import ArtifactError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.model_import.trial_rows import UNSEEN, TrialRows
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import DECIMALS, Scores, predict
from python_scoring.models.segments import assign

ALONE = 50  # rows that are also scored one by one

# Tolerance between the score of a row alone and in its batch: BLAS sums in another order. A model
# that looks at other rows differs by far more.
RELATIVE = 1e-9


def verify(model: Model, imported: ImportedModel, rows: TrialRows) -> None:
    """Score rows as a build will, including nulls and unseen categories of later builds.

    Raises ArtifactError if the model cannot score rows without nulls, a feature that may be null,
    or an unseen category; if a score is not a number; or if it depends on other rows of its batch.
    """
    _check_kind(model, imported.name)
    # Any instant: a level that follows the season moves all rows alike.
    model = model.at(datetime.fromisoformat(model.card.label_window_closed_at))
    features = model.card.features
    if imported.example is not None:
        missing = [one["name"] for one in features if one["name"] not in imported.example]
        if missing:
            raise ArtifactError(f"{imported.name}: its input example lacks {', '.join(missing)}")
    frame = rows.frame(features)
    complete = _complete(frame)
    _check_categories(model, complete, imported.name)
    known = _scores(model, complete, imported.name, rows.origin)
    _check_numbers(known, imported.name, rows.origin)
    _check_nulls(model, complete, rows, imported.name)
    scores = _scores(model, frame, imported.name, rows.origin)
    _check_numbers(scores, imported.name, rows.origin)
    alone = np.concatenate(
        [
            _scores(model, frame[n : n + 1], imported.name, rows.origin)
            for n in range(min(ALONE, len(frame)))
        ]
    )
    if not np.allclose(scores[:ALONE], alone, rtol=RELATIVE, atol=2 * 10.0**-DECIMALS):
        raise ArtifactError(
            f"{imported.name}: the score of a row depends on the other rows of its batch; "
            "expected an estimator that looks at one row at a time"
        )


def _check_kind(model: Model, name: str) -> None:
    if model.card.score_type == "segment":
        _check_clusters(model, name)
        return
    if model.card.score_type != "probability":
        if is_classifier(model.estimator):
            raise ArtifactError(
                f"{name} is a classifier: expected a regressor, whose predict gives the "
                f"{model.card.score_type} that the contract's score is"
            )
        return
    classes = np.asarray(getattr(model.estimator, "classes_", [])).tolist()
    if classes != [0, 1] or not hasattr(model.estimator, "predict_proba"):
        raise ArtifactError(
            f"{name} is no model of a probability: expected predict_proba and the classes "
            "0 and 1, of which 1 is what the contract's score is the probability of"
        )


def _check_clusters(model: Model, name: str) -> None:
    if isinstance(model.estimator, KMeans):
        raise ArtifactError(
            f"{name} is a bare KMeans: it takes no missing values, and its distances are those of "
            "the feature with the largest numbers. Fit a Pipeline that ends in it, such as "
            "make_pipeline(SimpleImputer(), QuantileTransformer(), KMeans(5))."
        )
    if not (isinstance(model.estimator, Pipeline) and isinstance(model.estimator[-1], KMeans)):
        raise ArtifactError(
            f"{name} is a {type(model.estimator).__name__}: expected a Pipeline that ends in "
            "KMeans, whose centres say how clearly a customer belongs to a segment"
        )


def _check_categories(model: Model, complete: pd.DataFrame, name: str) -> None:
    for feature in model.card.features:
        if feature["type"] != "category":
            continue
        refused = _refusal(model, complete.assign(**{feature["name"]: UNSEEN}))
        # An error for every row alike has another cause.
        if refused and refused != _refusal(model, complete):
            raise ArtifactError(
                f"{name}: {feature['name']} may have a value that the training has not seen, and "
                f"the model takes none: {refused}. Fit it with "
                'OneHotEncoder(handle_unknown="ignore"), or an encoder that does the same.'
            )


def _check_nulls(model: Model, complete: pd.DataFrame, rows: TrialRows, name: str) -> None:
    types = {feature["name"]: feature["type"] for feature in model.card.features}
    refused, raised = [], ""
    for feature in (each for each in types if each in rows.nullable):
        others = {name: value for name, value in rows.nullable[feature].items() if name in types}
        null = None if types[feature] == "category" else np.nan
        if found := _refusal(model, complete.assign(**{**others, feature: null})):
            refused.append(feature)
            raised = raised or found
    if refused:
        raise ArtifactError(
            f"{name}: {', '.join(refused)} may be null, and the model takes no missing values: "
            f"{raised}. Fit a Pipeline that begins with SimpleImputer, or an estimator that takes "
            "them, such as HistGradientBoosting."
        )


def _refusal(model: Model, rows: pd.DataFrame) -> str:
    """Return the first line of the estimator's error for the rows; empty if it scores them."""
    try:
        _check_numbers(_raw_scores(model, rows), "the model", "such rows")
    except Exception as error:  # noqa: BLE001 - whatever the estimator raises
        return _said(error)
    return ""


def _check_numbers(scores: Scores, name: str, origin: str) -> None:
    if not np.isfinite(scores).all():
        raise ArtifactError(
            f"{name} gives scores that are not numbers (NaN or infinite) for "
            f"{int((~np.isfinite(scores)).sum())} of {len(scores)} rows, tried on {origin}"
        )


def _scores(model: Model, rows: pd.DataFrame, name: str, origin: str) -> Scores:
    try:
        return _raw_scores(model, rows)
    except Exception as error:
        raise ArtifactError(
            f"{name} cannot score: {_said(error)}. It was tried on {origin}, with the features "
            f"{', '.join(feature['name'] for feature in model.card.features)}: numbers as "
            "float64, categories as text."
        ) from error


def _raw_scores(model: Model, rows: pd.DataFrame) -> Scores:
    if model.card.score_type == "segment":  # whose segments may have no names yet
        return assign(model.estimator, rows).clearness.round(DECIMALS)
    return predict(model, rows).scores


def _complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without nulls, and with the commonest value of each category only.

    The training has seen that value, if any. A number without values is 1; such a category is null.
    """
    filled: dict[Any, Any] = {}
    for name, column in frame.items():
        known = column.dropna()
        commonest = None if known.empty else known.mode().iloc[0]
        if column.dtype == object:
            filled[name] = np.full(len(frame), commonest, dtype=object)
        else:
            filled[name] = column.fillna(1.0 if commonest is None else commonest)
    return pd.DataFrame(filled)


def _said(error: Exception) -> str:
    """Return the first line of an estimator's error."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0].rstrip('.')}"
