"""Verification of an imported model before registration: it scores, and each row by itself."""

from contextlib import suppress

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from python_scoring.errors import ArtifactError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import DECIMALS, Scores, predict
from python_scoring.models.segments import assign
from python_scoring.training.estimators import SEED

ROWS = 50


def verify(model: Model, imported: ImportedModel) -> None:
    """Score a few rows with the model as it will be used.

    Raises ArtifactError where it cannot score, or a score depends on the other rows of its batch.
    """
    _check_classes(model, imported)
    rows = _rows(model, imported)
    if imported.example is None and any(one["type"] == "category" for one in model.card.features):
        with suppress(ArtifactError):  # of a category that was invented here
            _scores(model, rows, imported.name)
        return
    scores = _scores(model, rows, imported.name)
    alone = np.concatenate(
        [_scores(model, rows[n : n + 1], imported.name) for n in range(len(rows))]
    )
    if not np.array_equal(scores, alone, equal_nan=True):
        raise ArtifactError(
            f"{imported.name}: the score of a row depends on the other rows of its batch; "
            "expected an estimator that looks at one row at a time"
        )


def _check_classes(model: Model, imported: ImportedModel) -> None:
    if model.card.score_type not in {"probability", "segment"} and is_classifier(model.estimator):
        raise ArtifactError(
            f"{imported.name} is a classifier: expected a regressor, whose predict gives the "
            f"{model.card.score_type} that the contract's score is"
        )
    if model.card.score_type != "probability":
        return
    classes = np.asarray(getattr(model.estimator, "classes_", [])).tolist()
    if classes != [0, 1] or not hasattr(model.estimator, "predict_proba"):
        raise ArtifactError(
            f"{imported.name} is no model of a probability: expected predict_proba and the classes "
            "0 and 1, of which 1 is what the contract's score is the probability of"
        )


def _scores(model: Model, rows: pd.DataFrame, name: str) -> Scores:
    try:
        if model.card.score_type == "segment":  # whose segments may have no names yet
            return assign(model.estimator, rows).clearness.round(DECIMALS)
        return predict(model, rows).scores
    except Exception as error:  # whatever the estimator raises
        raise ArtifactError(
            f"{name} cannot score: {type(error).__name__}: {error}. It was tried on rows of "
            f"{', '.join(feature['name'] for feature in model.card.features)}."
        ) from error


def _rows(model: Model, imported: ImportedModel) -> pd.DataFrame:
    """The input example, or invented numbers, with no category."""
    features = model.card.features
    if imported.example is not None:
        missing = [one["name"] for one in features if one["name"] not in imported.example]
        if missing:
            raise ArtifactError(f"{imported.name}: its input example lacks {', '.join(missing)}")
        return pd.DataFrame(
            {
                one["name"]: imported.example[one["name"]].astype(
                    "float64" if one["type"] == "number" else "object"
                )
                for one in features
            }
        ).head(ROWS)
    numbers = np.random.default_rng(SEED)
    return pd.DataFrame(
        {
            one["name"]: np.round(numbers.lognormal(3, 2, ROWS), 2)
            if one["type"] == "number"
            else np.full(ROWS, None, dtype="object")
            for one in features
        }
    )
