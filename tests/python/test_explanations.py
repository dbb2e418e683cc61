"""Contributions add up to what the model adds up, for whatever values features may take."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from python_scoring.explanations.additive_trees import AdditiveTrees

ROWS = 3_000
FEATURES = ["a", "b", "c", "unused"]
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)


def training_data() -> pd.DataFrame:
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 3)), columns=FEATURES[:3])
    frame["b"] = frame["b"].round(1)
    frame.loc[generator.random(ROWS) < 0.1, "c"] = np.nan
    frame["unused"] = 1.0
    return frame


FRAME = training_data()
RAW = FRAME["a"] ** 2 - 2 * FRAME["b"] + FRAME["c"].fillna(3)
RECIPE = {"interaction_cst": "no_interactions", "max_leaf_nodes": 5, "max_iter": 40}
CLASSIFIER = HistGradientBoostingClassifier(**RECIPE).fit(FRAME, RAW.median() < RAW)
REGRESSOR = HistGradientBoostingRegressor(**RECIPE).fit(FRAME, RAW)
POISSON = HistGradientBoostingRegressor(loss="poisson", **RECIPE).fit(FRAME, np.exp(RAW / 5))


def raw_scores(estimator: object, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    raw = estimator._raw_predict(frame.to_numpy())  # type: ignore[attr-defined]  # noqa: SLF001
    return np.ravel(raw)


@pytest.mark.parametrize("estimator", [CLASSIFIER, REGRESSOR, POISSON])
@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(*[NUMBERS] * len(FEATURES)), min_size=1, max_size=20))
def test_contributions_add_up(estimator: object, rows: list[tuple[float, ...]]) -> None:
    """To 1e-9, at edges, beyond them, at infinity and for missing values."""
    explainer = AdditiveTrees.of(estimator, FEATURES)
    assert explainer
    frame = pd.DataFrame(rows, columns=FEATURES)
    total = explainer.base + explainer.contributions(frame).sum(axis=1)
    assert np.abs(total - raw_scores(estimator, frame)).max() < 1e-9


def test_edges_are_exact() -> None:
    """A value at a split, and the next ones on both sides of it."""
    explainer = AdditiveTrees.of(REGRESSOR, FEATURES)
    assert explainer
    edges = explainer._steps[0].edges  # noqa: SLF001 - to test at the edges
    values = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    frame = pd.DataFrame({"a": values, "b": 0.0, "c": 0.0, "unused": 0.0})
    total = explainer.base + explainer.contributions(frame).sum(axis=1)
    assert np.abs(total - raw_scores(REGRESSOR, frame)).max() < 1e-9


def test_the_average_customer_is_where_contributions_are_zero() -> None:
    """Over the training they add up to nothing, and the unused feature never counts."""
    explainer = AdditiveTrees.of(REGRESSOR, FEATURES)
    assert explainer
    found = explainer.contributions(FRAME)
    assert np.abs(found.mean(axis=0)).max() < 1e-9
    assert not found[:, FEATURES.index("unused")].any()


def test_interactions_are_not_additive() -> None:
    """Nothing is made up for a model whose trees look at two features."""
    recipe = {**RECIPE, "interaction_cst": None}
    mixed = HistGradientBoostingRegressor(**recipe).fit(FRAME, FRAME["a"] * FRAME["b"])
    assert AdditiveTrees.of(mixed, FEATURES) is None
