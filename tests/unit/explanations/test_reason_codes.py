"""Reason codes: the largest contributions in order, in words, and independent of batches."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import InputError
from python_scoring.explanations.explainers import explainer_for
from python_scoring.explanations.reason_codes import ROWS_AT_A_TIME, ReasonCodes
from python_scoring.explanations.texts import number_text
from python_scoring.explanations.wording import Wordings
from python_scoring.models.artifacts import Model, load
from python_scoring.models.predict import Predicted, predict
from python_scoring.project import PROJECT
from tests.support.artifacts import registered
from tests.support.contracts import contract
from tests.support.models import FEATURES, FRAME, RAW, model_of

DECLARED = yaml.safe_load((PROJECT / "models/features/_features__models.yml").read_text())


COLUMNS = {
    column["name"]: column
    for model in DECLARED["models"]
    if model["name"] == "feature_snapshots"
    for column in model["columns"]
    if "window" in column.get("config", {}).get("meta", {})
}


CATALOGUE = Wordings.of(
    (name, column["data_type"], json.dumps(column["config"]["meta"].get("wording")))
    for name, column in COLUMNS.items()
)


# The features of made-up models have no wording of their own.
PLAIN = Wordings.of((name, "double", None) for name in FEATURES)


THREE = contract(explanations={"reasons": 3})


def writer(model: Model, asked: ScoringContract, wordings: Wordings) -> ReasonCodes:
    codes = ReasonCodes.of(model, asked, wordings)
    assert codes
    return codes


def written(codes: ReasonCodes, frame: pd.DataFrame, scores: Any = None) -> list[str | None]:
    """The reason codes of a frame that holds the companions too."""
    names = [companion["name"] for companion in codes.companions]
    scores = np.zeros(len(frame)) if scores is None else scores
    texts: list[str | None] = codes.write(
        frame.drop(columns=names), frame[names], Predicted(scores)
    ).to_pylist()
    return texts


def customers(codes: ReasonCodes, model: Model, seed: int, count: int = 300) -> pd.DataFrame:
    """Made-up features, as whole and as large as features are, some missing, some no numbers."""
    values = np.random.default_rng(seed)
    frame = {}
    for name in [*(f["name"] for f in model.card.features), *(c["name"] for c in codes.companions)]:
        decimals = CATALOGUE[name].decimals or 0
        column = np.round(values.exponential(10 ** values.integers(0, 4), count), decimals)
        column[values.random(count) < 0.1] = np.nan
        column[values.random(count) < 0.2] = 0
        frame[name] = column
    return pd.DataFrame(frame)


@pytest.mark.parametrize("product", ["churn", "clv"])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 299))
def test_reasons_are_the_largest_contributions(product: str, seed: int, cut: int) -> None:
    """In order, of equal ones the first feature, as canonical JSON; alike however rows are cut."""
    model = load(registered(product)).at(datetime(2026, 11, 1))
    codes = writer(model, THREE, CATALOGUE)
    frame = customers(codes, model, seed)
    texts = written(codes, frame)
    parts = [frame[:cut].reset_index(drop=True), frame[cut:].reset_index(drop=True)]
    assert texts == [text for part in parts for text in written(codes, part)]
    explainer = explainer_for(model)
    assert explainer
    found = explainer.contributions(frame[explainer.features])
    for row, (text, contributions) in enumerate(zip(texts, found, strict=True)):
        assert text
        reasons = json.loads(text)
        ranked = sorted(range(len(contributions)), key=lambda n: (-abs(contributions[n]), n))[:3]
        expected = [n for n in ranked if abs(contributions[n]) > 5e-7]
        assert [reason["feature"] for reason in reasons] == [
            explainer.features[n] for n in expected
        ]
        for reason, number in zip(reasons, expected, strict=True):
            assert list(reason) == ["feature", "value", "contribution", "text"]
            assert reason["contribution"] == round(contributions[number], 6)
            value = frame[reason["feature"]][row]
            assert reason["value"] == (None if np.isnan(value) else value)
            values = {name: None if np.isnan(v) else float(v) for name, v in frame.loc[row].items()}
            assert reason["text"] == CATALOGUE.tell(reason["feature"], values)  # type: ignore[arg-type]


@pytest.mark.parametrize("product", ["churn", "clv", "segmentation"])
def test_reasons_are_the_same_among_many(product: str) -> None:
    """Of so many customers that parts are written beside each other, and each text only once."""
    model = load(registered(product)).at(datetime(2026, 11, 1))
    codes = writer(model, THREE, CATALOGUE)
    names = [companion["name"] for companion in codes.companions]
    few = customers(codes, model, 1, 2_000)
    places = np.random.default_rng(1).integers(0, len(few), 2 * ROWS_AT_A_TIME + 1_000)
    many = few.take(places).reset_index(drop=True)
    features = many.drop(columns=names)
    together = codes.write(features, many[names], predict(model, features)).to_pylist()
    apart = [
        text
        for start in range(0, len(few), 100)
        for text in written(codes, few[start : start + 100].reset_index(drop=True))
    ]
    assert together == [apart[place] for place in places]


def test_reasons_of_a_segment_speak_for_it() -> None:
    """The largest positive ones: what speaks against the segment is no reason to be in it."""
    model = load(registered("segmentation"))
    codes = writer(model, THREE, CATALOGUE)
    frame = customers(codes, model, 1)
    explainer = explainer_for(model)
    assert explainer
    found = explainer.contributions(frame[explainer.features])
    for text, contributions in zip(written(codes, frame), found, strict=True):
        reasons = [reason["contribution"] for reason in json.loads(text or "")]
        assert reasons == [round(c, 6) for c in sorted(contributions, reverse=True)[:3] if c > 5e-7]


def test_fewer_contributions_than_reasons() -> None:
    """A list has as many as there are; none is an empty list, not null."""
    codes = ReasonCodes(_Constant(), PLAIN, 3)
    frame = pd.DataFrame({"a": [0.0, 1.0, np.inf], "b": [0.0, 0.0, 2.0]})
    none, one, two = (json.loads(text or "") for text in written(codes, frame))
    assert none == []
    assert one == [{"feature": "a", "value": 1, "contribution": 1, "text": "a of 1"}]
    assert [reason["feature"] for reason in two] == ["a", "b"]
    assert two[0]["value"] is None
    assert two[0]["text"] == "a is not known"


class _Constant:
    """Each feature adds its own value; an infinite one adds 5."""

    features = ["a", "b"]  # noqa: RUF012 - as an Explainer has it
    base = 0.0
    only_support = False

    def contributions(self, frame: pd.DataFrame) -> Any:
        return np.nan_to_num(frame.to_numpy(), posinf=5.0)


@given(
    decimals=st.integers(0, 4),
    units=st.lists(st.integers(-(10**14), 10**14) | st.integers(-2_000, 2_000), max_size=30),
)
def test_numbers_are_written_as_decimals(decimals: int, units: list[int]) -> None:
    """With all their decimals, however small or large."""
    exact = [Decimal(unit).scaleb(-decimals) for unit in units]
    texts = number_text(np.array([float(value) for value in exact]), decimals).to_pylist()
    assert texts == [f"{value:.{decimals}f}" for value in exact]


def test_nan_and_infinity_become_null() -> None:
    values = np.array([-0.0, np.nan, np.inf, 0.125, -0.004])
    assert number_text(values, 2).to_pylist() == ["0.00", None, None, "0.12", "0.00"]
    assert number_text(values, None).to_pylist() == ["0", None, None, "0.125", "-0.004"]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_feature_has_a_wording(name: str) -> None:
    """Of its own, also for a missing value where it may be missing, without a currency."""
    meta = COLUMNS[name]["config"]["meta"]
    assert "{value" in meta["wording"]["value"]
    assert meta.get("absent") == 0 or "missing" in meta["wording"]
    others = dict.fromkeys(COLUMNS, 21.0) | {"country": "Wales"}
    for value in (None, "Wales") if name == "country" else (None, 0.0, 1.0, 74.0):
        sentence = CATALOGUE.tell(name, {**others, name: value})
        assert sentence.strip() == sentence
        assert not set(sentence) & set("{}[]|€$£")
        assert not sentence.startswith("1 ") or not sentence.split()[1].endswith("s")


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("recency_days", {"recency_days": 74, "mean_days_between_orders": 20.75},
         "no purchase for 74 days, usually every 21"),
        ("recency_days", {"recency_days": 1, "mean_days_between_orders": None},
         "no purchase for 1 day"),
        ("recency_days", {"recency_days": None, "mean_days_between_orders": None},
         "never purchased"),
        ("revenue_90d", {"revenue_90d": 120.5}, "revenue of 120.50 in the last 90 days"),
        ("revenue_90d", {"revenue_90d": -3.0},
         "3.00 more returned than purchased in the last 90 days"),
        ("order_count_change_30d", {"order_count_change_30d": -1},
         "1 purchase fewer than in the 30 days before"),
        ("return_rate", {"return_rate": 0.25}, "25% as many returns as purchases"),
        ("country", {"country": 'the "Isle" of Man'}, 'customer in the "Isle" of Man'),
    ],
)  # fmt: skip
def test_sentences_read_well(name: str, values: dict[str, Any], sentence: str) -> None:
    assert CATALOGUE.tell(name, values) == sentence


@pytest.mark.parametrize(
    ("wording", "message"),
    [
        ({"value": "{value"}, "has a bracket without its pair"),
        ({"value": "{value:hours}"}, "expected for example"),
        ({"value": "{nothing}"}, "which is not a feature"),
        ({"other": "{value}"}, "expected sentences for value, zero, negative, missing"),
    ],
)
def test_a_wording_that_cannot_be_read_names_its_feature(
    wording: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        Wordings.of([("visits", "integer", json.dumps(wording))])
    assert "_features__models.yml: the wording of visits" in str(error.value)


FOREST = RandomForestClassifier(5, max_depth=4, random_state=1).fit(FRAME, RAW.median() < RAW)


def test_shap_reasons_only_for_scores_above_the_threshold() -> None:
    """By a threshold, or by the share of the training's customers above it; else no row has any."""
    model = model_of(FOREST, "probability")
    assert ReasonCodes.of(model, THREE, PLAIN) is None
    rows = FRAME.head(50)
    scores = FOREST.predict_proba(rows)[:, 1]
    codes = writer(
        model, contract(explanations={"reasons": 2, "shap": {"score_at_least": 0.6}}), PLAIN
    )
    texts = written(codes, rows, scores)
    assert 0 < sum(text is not None for text in texts) < len(texts)
    assert [text is not None for text in texts] == list(scores >= 0.6)
    assert all(len(json.loads(text)) == 2 for text in texts if text)
    none = written(codes, rows, np.zeros(len(rows)))
    assert none == [None] * len(rows)

    top = contract(explanations={"reasons": 2, "shap": {"top_share": 0.25}})
    assert ReasonCodes.of(model, top, PLAIN) is None  # registered without --evaluate-on
    edges = (np.arange(99) + 1) / 100
    model.card.reference["score"] = {"fine": {"edges": list(edges), "shares": [0.01] * 100}}
    texts = written(writer(model, top, PLAIN), rows, scores)
    assert [text is not None for text in texts] == list(scores >= 0.75)


def test_arrow_batches_with_categories() -> None:
    """A category is JSON text with its quotes escaped, in the value and in the sentence."""
    feature = CATALOGUE["country"]
    values = np.array(['a "b"', None, "c\\d"], dtype=object)
    assert [json.loads(text) for text in feature.value_text(values).to_pylist()] == list(values)
    assert isinstance(feature.value_text(values), pa.Array)
