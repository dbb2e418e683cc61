"""Tables of boosted trees predict the bits of their estimator, or are not used."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from python_scoring.models.artifacts import load
from python_scoring.models.tree_tables import TreeTables
from tests.support.artifacts import registered
from tests.support.models import FEATURES, FRAME, RAW

ADDITIVE = {"interaction_cst": "no_interactions", "max_iter": 60}
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
IS_LARGE = RAW.median() < RAW
ESTIMATORS = [
    HistGradientBoostingClassifier(**ADDITIVE).fit(FRAME, IS_LARGE),
    HistGradientBoostingRegressor(**ADDITIVE).fit(FRAME, RAW),
    HistGradientBoostingRegressor(loss="poisson", **ADDITIVE).fit(FRAME, np.exp(RAW / 5)),
    HistGradientBoostingRegressor(loss="gamma", max_leaf_nodes=2).fit(FRAME, np.exp(RAW / 5)),
]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(*[NUMBERS] * len(FEATURES)), min_size=1, max_size=20))
def test_predictions_have_the_same_bits(estimator: object, rows: list[tuple[float, ...]]) -> None:
    """At any value, infinite or missing, and at each threshold with its neighbours."""
    tables = TreeTables.of(estimator)
    assert tables
    frame = pd.DataFrame(rows, columns=FEATURES)
    thresholds = np.concatenate([[0.0], *tables._edges.values()])  # noqa: SLF001 - to test there
    near = np.concatenate([thresholds, *(np.nextafter(thresholds, s * np.inf) for s in (-1, 1))])
    at_edges = pd.DataFrame({name: np.roll(near, i) for i, name in enumerate(FEATURES)})
    rows_and_edges = pd.concat([frame, at_edges], ignore_index=True)
    method = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
    found = getattr(tables, method)(rows_and_edges)
    assert found.tobytes() == getattr(estimator, method)(rows_and_edges).tobytes()


@pytest.mark.parametrize("product", ["churn", "clv"])
def test_the_demo_models_are_scored_by_tables(product: str) -> None:
    assert isinstance(load(registered(product)).predictor, TreeTables)


def test_other_estimators_are_left_alone() -> None:
    """Two features in a tree, categories, several classes, or none of these trees."""
    mixed = HistGradientBoostingRegressor().fit(FRAME, FRAME["a"] * FRAME["b"])
    coded = FRAME.assign(a=pd.Categorical(np.arange(len(FRAME)) % 3))
    categories = HistGradientBoostingRegressor(categorical_features=["a"], **ADDITIVE).fit(
        coded, RAW
    )
    classes = HistGradientBoostingClassifier(**ADDITIVE).fit(FRAME, pd.qcut(RAW, 3, labels=False))
    for estimator in (mixed, categories, classes, HistGradientBoostingRegressor(), object()):
        assert TreeTables.of(estimator) is None


def test_columns_in_another_order_are_the_estimators_to_refuse() -> None:
    tables = TreeTables.of(ESTIMATORS[1])
    assert tables
    with pytest.raises(ValueError, match="feature names"):
        tables.predict(FRAME[FEATURES[::-1]])
    whole = FRAME.fillna(1).astype(np.int64)
    assert tables.predict(whole).tobytes() == ESTIMATORS[1].predict(whole).tobytes()
