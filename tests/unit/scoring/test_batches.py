"""A score depends only on the customer's features and the model."""

import itertools
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_scoring.errors import ScoringError
from python_scoring.models.artifacts import Model, load
from python_scoring.scoring.batches import Band, band_labels, bands_of, score_batches
from python_scoring.scoring.schema import SCORE_SCHEMA
from tests.support.artifacts import registered
from tests.support.contracts import contract

CONTRACT = contract(
    labels=[{"name": "low", "below": 0.3}, {"name": "medium", "below": 0.6}, {"name": "high"}]
)


AS_OF = datetime(2026, 11, 1)  # levels follow the season
MODELS = {
    product: load(registered(product)).at(AS_OF) for product in ("churn", "clv", "segmentation")
}


def customers(model: Model, count: int, seed: int) -> pa.RecordBatch:
    """Made-up snapshot rows, some of them with missing features."""
    values = np.random.default_rng(seed)
    columns: dict[str, Any] = {"customer_id": [f"C{number}" for number in range(count)]}
    for feature in model.card.features:
        column = values.exponential(100, count).round(2)
        column[values.random(count) < 0.1] = np.nan
        columns[feature["name"]] = pa.array(column, from_pandas=True)
    return pa.record_batch(columns)


def score(model: Model, batches: list[pa.RecordBatch]) -> pd.DataFrame:
    scored = score_batches(iter(batches), model, CONTRACT, "run")
    table = pa.Table.from_batches(list(scored), schema=SCORE_SCHEMA)
    frame: pd.DataFrame = table.to_pandas()
    return frame


@pytest.mark.parametrize("product", sorted(MODELS))
@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 299), max_size=6, unique=True))
def test_batches_do_not_matter(product: str, seed: int, cuts: list[int]) -> None:
    """However the rows are cut into batches, every score has the same bytes."""
    model = MODELS[product]
    whole = customers(model, 300, seed)
    edges = [0, *sorted(cuts), 300]
    parts = [whole.slice(start, end - start) for start, end in itertools.pairwise(edges)]
    pd.testing.assert_frame_equal(score(model, [whole]), score(model, parts), check_exact=True)


@pytest.mark.parametrize("product", sorted(MODELS))
@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_order_does_not_matter(product: str, seed: int) -> None:
    """Shuffled customers keep their scores."""
    model = MODELS[product]
    whole = customers(model, 200, seed)
    shuffled = whole.take(pa.array(np.random.default_rng(seed).permutation(200)))
    by_customer = score(model, [shuffled]).sort_values("customer_id", ignore_index=True)
    expected = score(model, [whole]).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(expected, by_customer, check_exact=True)


def test_scores_have_the_documented_precision() -> None:
    """Six decimals, within the contract's range for a probability."""
    scores = score(MODELS["churn"], [customers(MODELS["churn"], 500, 1)])["score"]
    assert (scores == scores.round(6)).all()
    assert scores.between(0, 1).all()


@given(st.lists(st.floats(-1, 2) | st.just(float("nan")), max_size=50))
def test_bands_cover_every_score(scores: list[float]) -> None:
    """Each number falls into the first band it lies below; what is no number has no label."""
    bands = [Band("low", 0.3), Band("medium", 0.6), Band("high", float("inf"))]
    labels = band_labels(np.array(scores, dtype=np.float64), bands)
    for value, label in zip(scores, labels, strict=True):
        if np.isnan(value):
            assert label is None
        else:
            assert label == next(band.name for band in bands if value < band.below)


def test_a_contracts_labels_are_bands_of_which_the_last_has_no_limit() -> None:
    assert bands_of(CONTRACT) == [
        Band("low", 0.3), Band("medium", 0.6), Band("high", float("inf")),
    ]  # fmt: skip


@pytest.mark.parametrize("missing", [[], ["recency_days"]])
def test_failing_estimator_is_named(missing: list[str]) -> None:
    """An estimator that fails on a batch ends the run with a message that names the model, and the
    features without a value, which are most often the reason.
    """
    model = MODELS["churn"]
    broken = Model(model.card, object(), "", AS_OF)
    features = {
        feature["name"]: [None if feature["name"] in missing else 1.0] * 3
        for feature in model.card.features
    }
    assert set(missing) <= set(features)
    columns = {name: pa.array(values, pa.float64()) for name, values in features.items()}
    batch = pa.record_batch({"customer_id": ["A", "B", "C"], **columns})
    with pytest.raises(ScoringError) as caught:
        score(broken, [batch])
    message = str(caught.value)
    assert message.startswith(
        f"churn {model.card.model_version} failed on a batch of 3 customers: AttributeError: "
    )
    assert f"Features with nulls in it: {', '.join(missing) or 'none'}. They are in" in message
