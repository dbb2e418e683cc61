"""Estimators of LightGBM and XGBoost: saved as skops, read, explained, and forged."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from python_scoring.errors import ArtifactError
from python_scoring.explanations.explainers import explainer_for
from python_scoring.models import boosters
from python_scoring.models.artifacts import Model, ModelCard, parse
from python_scoring.models.boosters import check_boosters
from tests.support.estimators import FEATURES, customers, outcome

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

CARD = ModelCard(
    product="p",
    model_version="1.0.0",
    training_run_id="r",
    score_type="probability",
    features=[{"name": name, "type": "number"} for name in FEATURES],
    feature_version="1.0.0",
    output_schema_version="1.0",
    training_as_ofs=[],
    label_window_closed_at="2026-01-01T00:00:00",
    configuration={},
    libraries={"scikit-learn": sklearn.__version__},
)


def of_lightgbm(**settings: Any) -> Any:
    return lightgbm.LGBMClassifier(n_estimators=8, min_child_samples=5, verbosity=-1, **settings)


def of_xgboost(**settings: Any) -> Any:
    return xgboost.XGBClassifier(n_estimators=8, max_depth=3, **settings)


ESTIMATORS: list[Callable[[], Any]] = [
    of_lightgbm,
    lambda: of_lightgbm(boosting_type="dart"),
    of_xgboost,
    lambda: of_xgboost(booster="dart"),
    lambda: lightgbm.LGBMRegressor(n_estimators=8, min_child_samples=5, verbosity=-1),
    lambda: xgboost.XGBRegressor(n_estimators=8),
    lambda: make_pipeline(SimpleImputer(), of_lightgbm()),
    lambda: make_pipeline(SimpleImputer(), of_xgboost()),
]


def read(estimator: Any) -> Any:
    """The estimator as a build reads it from its file."""
    return parse(skops.io.dumps(estimator), CARD, "model.skops")


@pytest.mark.parametrize("unfitted", ESTIMATORS)
def test_a_saved_booster_scores_identically(unfitted: Callable[[], Any]) -> None:
    estimator = unfitted().fit(customers(), outcome())
    found = read(estimator)
    assert np.array_equal(found.predict(customers()), estimator.predict(customers()))
    if hasattr(estimator, "predict_proba"):
        together = found.predict_proba(customers())
        alone = [found.predict_proba(customers()[n : n + 1])[0] for n in range(20)]
        assert np.array_equal(together[:20], alone)


@pytest.mark.parametrize("unfitted", ESTIMATORS)
def test_contributions_add_up_to_the_raw_score(unfitted: Callable[[], Any]) -> None:
    """Those of the library itself: log-odds of a classifier; XGBoost counts in single precision."""
    estimator = unfitted().fit(customers(), outcome())
    explainer = explainer_for(Model(CARD, estimator, ""))
    assert explainer is not None
    assert explainer.features == FEATURES
    found = explainer.base + explainer.contributions(customers()).sum(axis=1)
    if hasattr(estimator, "predict_proba"):
        chance = estimator.predict_proba(customers())[:, 1]
        expected = np.log(chance / (1 - chance))
    else:
        expected = estimator.predict(customers())
    assert np.allclose(found, expected, atol=1e-4)


def test_missing_values_are_explained() -> None:
    inputs = customers().mask(np.random.default_rng(2).uniform(size=(120, 2)) < 0.2)
    for unfitted in (of_lightgbm, of_xgboost):
        estimator = unfitted().fit(inputs, outcome())
        explainer = explainer_for(Model(CARD, estimator, ""))
        assert explainer is not None
        chance = estimator.predict_proba(inputs)[:, 1]
        found = explainer.base + explainer.contributions(inputs).sum(axis=1)
        assert np.allclose(found, np.log(chance / (1 - chance)), atol=1e-4)


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        (("left_child=", "left_child=9999 ", 1), "point outside"),
        (("left_child=", "left_child=0 ", 1), "point outside"),
        (("left_child=", "left_child=-99 ", 1), "point outside"),
        (("split_feature=", "split_feature=7 ", 1), "point outside"),
        (("num_class=1", "num_class=3", 0), "more than one output"),
        (("is_linear=0", "is_linear=1", 0), "linear trees"),
    ],
)
def test_forged_trees_of_lightgbm_are_refused(forged: tuple[str, str, int], message: str) -> None:
    """By their text, which LightGBM reads without a look at the numbers in it."""
    text = of_lightgbm().fit(customers(), outcome()).booster_.model_to_string()
    name, put, is_first_number = forged
    start = text.index(name)
    end = text.index(" ", start) + 1 if is_first_number else start + len(name)
    with pytest.raises(ArtifactError, match=message):
        boosters._check_lightgbm(text[:start] + put + text[end:])  # noqa: SLF001 - of forged text


def changed(key: str, place: int, value: int) -> Callable[[dict[str, Any]], None]:
    def change(model: dict[str, Any]) -> None:
        trees = model["learner"]["gradient_booster"]["model"]["trees"]
        trees[0][key][place] = value

    return change


def many_outputs(model: dict[str, Any]) -> None:
    model["learner"]["learner_model_param"]["num_class"] = "3"


def group(model: dict[str, Any]) -> None:
    model["learner"]["gradient_booster"]["model"]["tree_info"][0] = 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("left_children", 0, 9999), "point outside"),
        (changed("left_children", 1, 1), "paths that do not end|point outside"),
        (changed("right_children", 0, 0), "point outside"),
        (changed("split_indices", 0, 7), "point outside"),
        (many_outputs, "more than one output"),
        (group, "point outside"),
    ],
)
def test_forged_trees_of_xgboost_are_refused(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    booster = of_xgboost().fit(customers(), outcome()).get_booster()
    model = json.loads(bytes(booster.save_raw("json")))
    change(model)
    with pytest.raises(ArtifactError, match=message):
        boosters._check_xgboost(model)  # noqa: SLF001 - of a forged model


def test_a_booster_without_trees_is_refused() -> None:
    estimator = xgboost.XGBClassifier(booster="gblinear").fit(customers(), outcome())
    with pytest.raises(ArtifactError, match="a booster 'gblinear' without trees"):
        read(estimator)


@pytest.mark.parametrize(
    "settings",
    [{"machines": "10.0.0.1:80"}, {"forcedsplits_filename": "x"}, {"extra": "a b=c"}],
)
def test_parameters_that_reach_outside_are_refused(settings: dict[str, Any]) -> None:
    estimator = of_lightgbm().fit(customers(), outcome())
    estimator.set_params(**settings)
    with pytest.raises(ArtifactError, match="the LightGBM parameter"):
        check_boosters([estimator])


def test_another_version_of_the_library_is_refused() -> None:
    content = skops.io.dumps(of_xgboost().fit(customers(), outcome()))
    card = replace(CARD, libraries={**CARD.libraries, "xgboost": "1.0.0"})
    with pytest.raises(ArtifactError, match=r"with xgboost 1\.0\.0, but .* is installed"):
        parse(content, card, "model.skops")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = skops.io.dumps(of_lightgbm().fit(customers(), outcome()))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ArtifactError, match=r"pip install 'customer-predictions\[lightgbm\]'"):
        parse(content, CARD, "model.skops")


def test_explanations_do_not_depend_on_batches() -> None:
    estimator = of_xgboost().fit(customers(), outcome())
    explainer = explainer_for(Model(CARD, estimator, ""))
    assert explainer is not None
    rows = customers()
    together = explainer.contributions(rows)
    parts = [explainer.contributions(pd.DataFrame(rows[n : n + 1])) for n in range(20)]
    assert np.array_equal(together[:20], np.concatenate(parts))
