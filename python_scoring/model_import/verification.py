"""Verification of an imported model before registration: it scores, and as in its source."""

import numpy as np
import pandas as pd

from python_scoring.errors import ArtifactError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import DECIMALS, Scores, predict
from python_scoring.models.segments import assign
from python_scoring.training.estimators import SEED

ROWS = 50


def verify(model: Model, imported: ImportedModel) -> None:
    """Score a few rows with the model as it will be used, and as its source has it.

    Raises ArtifactError where it cannot score, where a score depends on the other rows of its
    batch, or where it is no longer what it was before it became skops.
    """
    _check_classes(model, imported)
    rows = _rows(model, imported)
    if rows is None:
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
    if imported.original is None:
        return
    before = _scores(
        Model(model.card, imported.original, model.artifact_sha256), rows, imported.name
    )
    if not np.array_equal(scores, before, equal_nan=True):
        place = int(np.flatnonzero(scores != before)[0])
        raise ArtifactError(
            f"{imported.name} scores {scores[place]} as skops and {before[place]} as it was, for "
            f"the row {rows.iloc[place].to_dict()}. "
            "Log the model with serialization_format='skops'."
        )


def _check_classes(model: Model, imported: ImportedModel) -> None:
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


def _rows(model: Model, imported: ImportedModel) -> pd.DataFrame | None:
    """The input example, or invented numbers; None where categories would have to be invented."""
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
    if any(one["type"] == "category" for one in features):
        if imported.original is None:
            return None
        raise ArtifactError(
            f"{imported.name} takes categories and has no input example to compare the model with "
            "itself as skops: log it with input_example, or with serialization_format='skops'"
        )
    numbers = np.random.default_rng(SEED)
    return pd.DataFrame(
        {one["name"]: np.round(numbers.lognormal(3, 2, ROWS), 2) for one in features}
    )
