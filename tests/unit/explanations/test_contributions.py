"""Contributions add up to the model's raw score, for any values of the features."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.svm import SVR

from python_scoring.explanations.additive_trees import AdditiveTrees
from python_scoring.explanations.columnwise import Transformed
from python_scoring.explanations.explainers import explainer_for, lookup_for
from python_scoring.explanations.linear import Linear
from python_scoring.explanations.segments import Segments
from python_scoring.explanations.shapley import PermutationValues, TreeValues
from python_scoring.models.predict import predict
from tests.support.models import FEATURES, FRAME, RAW, model_of

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)


RECIPE = {"interaction_cst": "no_interactions", "max_leaf_nodes": 5, "max_iter": 40}


CLASSIFIER = HistGradientBoostingClassifier(**RECIPE).fit(FRAME, RAW.median() < RAW)


REGRESSOR = HistGradientBoostingRegressor(**RECIPE).fit(FRAME, RAW)


POISSON = HistGradientBoostingRegressor(loss="poisson", **RECIPE).fit(FRAME, np.exp(RAW / 5))


def raw_scores(estimator: object, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    raw = estimator._raw_predict(frame.to_numpy())  # type: ignore[attr-defined]  # noqa: SLF001
    return np.ravel(raw)


@pytest.mark.parametrize("estimator", [CLASSIFIER, REGRESSOR, POISSON])
@settings(max_examples=25, deadline=None, derandomize=True)
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


def test_small_whole_numbers_are_found_without_a_search() -> None:
    """Counts give the same contributions whether a fraction among them needs the search or not."""
    counts = FRAME.assign(a=np.arange(len(FRAME)) % 60)
    estimator = HistGradientBoostingRegressor(**RECIPE).fit(counts, np.sqrt(counts["a"]))
    explainer = AdditiveTrees.of(estimator, FEATURES)
    assert explainer
    searched = explainer.contributions(pd.concat([counts, counts.head(1).assign(a=0.5)]))
    assert (explainer.contributions(counts) == searched[:-1]).all()


def test_interactions_are_not_additive() -> None:
    """Nothing is made up for a model whose trees look at two features."""
    recipe = {**RECIPE, "interaction_cst": None}
    mixed = HistGradientBoostingRegressor(**recipe).fit(FRAME, FRAME["a"] * FRAME["b"])
    assert AdditiveTrees.of(mixed, FEATURES) is None


COMPLETE = FRAME.fillna(0.0)


MODERATE = st.floats(-1e3, 1e3)


LINEAR = {
    "log-odds": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    "estimate": make_pipeline(SimpleImputer(strategy="median"), Ridge()),
    "log of an estimate": make_pipeline(SimpleImputer(), StandardScaler(), PoissonRegressor()),
}


for _kind, _pipeline in LINEAR.items():
    _pipeline.fit(
        FRAME, {"log-odds": RAW.median() < RAW, "estimate": RAW}.get(_kind, np.exp(RAW / 5))
    )


@pytest.mark.parametrize("kind", LINEAR)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.lists(
        st.tuples(*[MODERATE | st.just(float("nan"))] * len(FEATURES)), min_size=1, max_size=20
    )
)
def test_linear_contributions_add_up(kind: str, rows: list[tuple[float, ...]]) -> None:
    """To 1e-9, with missing values, through the pipeline's steps and up to the link."""
    pipeline = LINEAR[kind]
    explainer = explainer_for(model_of(pipeline, "estimate"))
    assert isinstance(explainer, Transformed)
    frame = pd.DataFrame(rows, columns=FEATURES)
    points = pipeline[:-1].transform(frame)
    expected = points @ np.ravel(pipeline[-1].coef_) + np.ravel(pipeline[-1].intercept_)
    total = explainer.base + explainer.contributions(frame).sum(axis=1)
    assert np.abs(total - expected).max() < 1e-9


def test_linear_contributions_are_counted_from_the_average() -> None:
    """The average customer's features add nothing, and the raw score there is the base."""
    estimator = Ridge().fit(COMPLETE, RAW)
    explainer = explainer_for(model_of(estimator, "estimate", COMPLETE))
    assert isinstance(explainer, Linear)
    average = COMPLETE.mean().to_frame().T
    assert np.abs(explainer.contributions(average)).max() < 1e-12
    assert explainer.base == pytest.approx(estimator.predict(average)[0], abs=1e-9)


SEGMENTS = Pipeline(
    [
        ("impute", SimpleImputer()),
        ("quantiles", QuantileTransformer(n_quantiles=50)),
        ("clusters", KMeans(3, n_init=2, random_state=1)),
    ]
).fit(FRAME)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(*[MODERATE] * len(FEATURES)), min_size=1, max_size=20))
def test_segments_are_explained_against_the_next_nearest(rows: list[tuple[float, ...]]) -> None:
    """Contributions add up to the margin between the two nearest centres, which scoring chose."""
    model = model_of(SEGMENTS, "segment")
    explainer = explainer_for(model)
    assert isinstance(explainer, Segments)
    frame = pd.DataFrame(rows, columns=FEATURES)
    points = SEGMENTS[:-1].transform(frame)
    centres = SEGMENTS[-1].cluster_centers_
    squared = ((points[:, np.newaxis] - centres) ** 2).sum(axis=2)
    nearest, following = np.sort(squared, axis=1).T[:2]
    total = explainer.contributions(frame).sum(axis=1)
    assert np.abs(total - (following - nearest)).max() < 1e-9
    labels = predict(model, frame).labels
    assert labels
    assigned = centres[[int(label) for label in labels if label]]
    assert np.abs(explainer.distances(frame) - np.abs(points - assigned)).max() < 1e-9


def test_shap_explains_forests() -> None:
    """Trees with interactions: SHAP values add up to the probability, and missing values too."""
    forest = RandomForestClassifier(8, max_depth=5, random_state=1).fit(FRAME, RAW.median() < RAW)
    explainer = explainer_for(model_of(forest, "probability"))
    assert isinstance(explainer, TreeValues)
    rows = FRAME.head(200)
    total = explainer.base + explainer.contributions(rows).sum(axis=1)
    assert np.abs(total - forest.predict_proba(rows)[:, 1]).max() < 1e-9


def test_shap_explains_boosted_trees_behind_columnwise_steps() -> None:
    """Of interactions, in log-odds, through a scaler."""
    pipeline = make_pipeline(
        StandardScaler(), HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=5)
    ).fit(FRAME, FRAME["a"] * FRAME["b"] > 0)
    model = model_of(pipeline, "probability")
    assert lookup_for(model) is None
    explainer = explainer_for(model)
    assert explainer
    rows = FRAME.head(200)
    total = explainer.base + explainer.contributions(rows).sum(axis=1)
    assert np.abs(total - pipeline.decision_function(rows)).max() < 1e-9


def test_shap_explains_any_other_estimator() -> None:
    """By permutations, with categories; a row does not depend on the rows beside it."""
    frame = COMPLETE[["a", "b"]].head(300).assign(country=["de", "fr", "uk"] * 100)
    encoder = ColumnTransformer([("c", OneHotEncoder(), ["country"])], remainder="passthrough")
    estimator = make_pipeline(encoder, SVR()).fit(frame, RAW.head(300))
    explainer = explainer_for(model_of(estimator, "estimate", frame))
    assert isinstance(explainer, PermutationValues)
    state = np.random.get_state()[1][0]  # type: ignore[index]  # noqa: NPY002 - what shap uses
    found = explainer.contributions(frame.head(6))
    assert np.random.get_state()[1][0] == state  # type: ignore[index]  # noqa: NPY002 - what shap uses
    total = explainer.base + found.sum(axis=1)
    assert np.abs(total - estimator.predict(frame.head(6))).max() < 1e-9
    alone = explainer.contributions(frame[3:4].reset_index(drop=True))
    assert (alone[0] == found[3]).all()


def test_models_without_training_distributions_are_not_explained() -> None:
    """A card that does not know the features leaves such an estimator unexplained."""
    model = model_of(SVR(), "estimate")
    assert explainer_for(replace(model, card=replace(model.card, reference={}))) is None
