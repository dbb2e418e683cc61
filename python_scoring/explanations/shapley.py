"""SHAP values, for models without an exact lookup. Importing the shap library takes seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from python_scoring.explanations.interface import Contributions
from python_scoring.models.artifacts import Model

SEED = 20250101
# Each permutation is walked forth and back; more of them are more exact and slower.
PERMUTATIONS = 4


class TreeValues:
    """Explainer of tree ensembles: exact SHAP values.

    They are in log-odds, or in the output that shap counts for the estimator.
    """

    only_support = False

    def __init__(self, features: list[str], explainer: Any, base: float) -> None:
        """`explainer` is a shap.TreeExplainer."""
        self.features = features
        self.base = base
        self._explainer = explainer

    @classmethod
    def of(cls, estimator: Any, features: list[str]) -> "TreeValues | None":
        """Return the explainer; None if shap cannot read the estimator or its trees."""
        import shap  # type: ignore[import-untyped]  # noqa: PLC0415 - takes seconds, mostly unneeded

        by_category = getattr(estimator, "is_categorical_", None)
        if by_category is not None and np.any(by_category):
            return None
        try:
            explainer = shap.TreeExplainer(estimator, feature_perturbation="tree_path_dependent")
        except shap.utils._exceptions.InvalidModelError:  # noqa: SLF001 - has no public name
            return None
        return cls(features, explainer, float(np.ravel(explainer.expected_value)[-1]))

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return contributions of shape (rows, features); of class 1 if the trees have classes."""
        points = frame.to_numpy(dtype=np.float64)
        values = np.asarray(self._explainer.shap_values(points, check_additivity=False))
        return values[:, :, -1] if values.ndim == 3 else values  # noqa: PLR2004 - rows, features, classes


class PermutationValues:
    """Explainer of any other estimator: features are replaced by those of typical customers.

    The raw score is the score before rounding. Rows are explained one by one, each with the same
    permutations, so that a row does not depend on its batch.
    """

    only_support = False

    def __init__(self, model: Model, background: pd.DataFrame) -> None:
        """`background` has the features of the typical customers."""
        self.features = list(background.columns)
        self._model = model
        self._background = background
        self.base = float(self._raw(background).mean())

    @classmethod
    def of(cls, model: Model) -> "PermutationValues | None":
        """Return the explainer; None if the card lacks the training distribution of a feature."""
        background = _background(model)
        return None if background is None else cls(model, background)

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return contributions of shape (rows, features).

        The model is evaluated once per row, permutation, feature and typical customer.
        """
        import shap  # noqa: PLC0415 - takes seconds, mostly unneeded

        codes = _Codes(pd.concat([self._background, frame], ignore_index=True))
        background = codes.encoded(self._background)
        points = codes.encoded(frame)
        found = np.zeros(points.shape)
        evaluations = PERMUTATIONS * (2 * points.shape[1] + 1)
        for number, point in enumerate(points):
            with _own_random_numbers():
                explainer = shap.PermutationExplainer(
                    lambda rows: self._raw(codes.decoded(rows)),
                    shap.maskers.Independent(background, max_samples=len(background)),
                    seed=SEED,
                )
                values = explainer(point[np.newaxis], max_evals=evaluations, silent=True).values  # noqa: PD011 - of shap
            found[number] = values[0]
        return found

    def _raw(self, frame: pd.DataFrame) -> Contributions:
        if self._model.card.score_type == "probability":
            scores = self._model.estimator.predict_proba(frame)[:, 1]
        else:
            scores = self._model.estimator.predict(frame)
        return np.asarray(scores, dtype=np.float64)


def _background(model: Model) -> pd.DataFrame | None:
    """Return nine typical customers: each feature takes its deciles or commonest categories once.

    The card has the distribution of each feature but not their joint distribution, so values are
    paired by a fixed random permutation.
    """
    places = (np.arange(9) + 1) / 10
    generator = np.random.default_rng(SEED)
    columns: dict[str, Any] = {}
    for feature in model.card.features:
        known = model.card.reference.get("features", {}).get(feature["name"], {})
        is_category = feature["type"] == "category"
        shares = list(
            known.get("categories", {}).values() if is_category else known.get("shares", ())
        )
        if not shares or (not is_category and not known["edges"]):
            return None
        found = np.searchsorted(np.cumsum(shares) / sum(shares), places - 1e-9)
        if is_category:
            values = np.array(list(known["categories"]), dtype=object)
        else:
            values = np.array([*known["edges"], known["edges"][-1]])
        columns[feature["name"]] = generator.permutation(values[found.clip(max=len(values) - 1)])
    return pd.DataFrame(columns)


class _Codes:
    """Encoding of categories as numbers and back, since shap compares rows as numbers."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._names = list(frame.columns)
        self._categories = {
            name: pd.Index(frame[name].dropna().unique())
            for name in self._names
            if not pd.api.types.is_numeric_dtype(frame[name])
        }

    def encoded(self, frame: pd.DataFrame) -> Contributions:
        columns = [
            self._categories[name].get_indexer(pd.Index(frame[name])).astype(np.float64)
            if name in self._categories
            else frame[name].to_numpy(dtype=np.float64)
            for name in self._names
        ]
        return np.column_stack(columns)

    def decoded(self, rows: Contributions) -> pd.DataFrame:
        columns: dict[str, Any] = {}
        for number, name in enumerate(self._names):
            if name in self._categories:
                values = np.array([*self._categories[name], None], dtype=object)
                columns[name] = values[rows[:, number].astype(int)]
            else:
                columns[name] = rows[:, number]
        return pd.DataFrame(columns)


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Restore numpy's global generator, which shap seeds."""
    state = np.random.get_state()  # noqa: NPY002 - what shap uses
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002 - what shap uses
