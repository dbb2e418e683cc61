"""Expected performance: what probabilities say of themselves, against outcomes drawn from them."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from python_scoring.uncertainty.expectation import (
    Chosen,
    Expectation,
    ScoredBins,
    Values,
    expectations,
)

LABELS = ["low", "medium", "high"]
LIMITS = np.array([0.3, 0.65])
CUSTOMERS = 4_000
Row = tuple[int, float, float, int]  # customers, score, half-width of its bounds, band


def scored(probabilities: Values, drift: float = 0.0) -> ScoredBins:
    """One bin for each customer, with bounds that hold chance, and a drift beside it."""
    chance = 1.645 * np.sqrt(probabilities * (1 - probabilities) / 25)
    half = np.hypot(chance, drift)
    return ScoredBins(
        np.ones(len(probabilities)), probabilities, probabilities - half, probabilities + half,
        np.searchsorted(LIMITS, probabilities, side="right"), 0.9, 25,
    )  # fmt: skip


def realised(expectation: Expectation, scores: Values, outcomes: Chosen) -> float:
    if expectation.metric == "auc":
        return float(roc_auc_score(outcomes, scores))
    if expectation.metric == "brier":
        return float(brier_score_loss(outcomes, scores))
    limit = LIMITS[LABELS.index(expectation.scope.partition(" ")[0]) - 1]
    measure = {"precision": precision_score, "recall": recall_score}[expectation.metric]
    return float(measure(outcomes, scores >= limit))


@pytest.fixture(scope="module")
def probabilities() -> Values:
    return np.random.default_rng(7).beta(0.7, 1.1, CUSTOMERS).round(6)


def test_the_expected_is_the_mean_of_what_comes(probabilities: Values) -> None:
    """Over 400 draws of outcomes; the deviation of an AUC is that of the worse case."""
    generator = np.random.default_rng(11)
    draws = [generator.random(CUSTOMERS) < probabilities for _ in range(400)]
    found = expectations(scored(probabilities), LABELS)
    assert [(each.metric, each.scope) for each in found] == [
        ("auc", "all customers"), ("brier", "all customers"),
        ("precision", "medium or higher"), ("recall", "medium or higher"),
        ("precision", "high"), ("recall", "high"),
    ]  # fmt: skip
    for each in found:
        values = np.array([realised(each, probabilities, drawn) for drawn in draws])
        assert abs(values.mean() - each.expected) < 4 * values.std() / 20, each
        inside = (each.lower <= values) & (values <= each.upper)
        assert 0.86 <= inside.mean() <= 0.97, each


def test_an_interval_holds_a_drift_that_the_bounds_know(probabilities: Values) -> None:
    """All probabilities higher by what as-ofs moved; without drift in the bounds it would not."""
    moved = np.clip(probabilities + 0.05, 0, 1)
    drawn = np.random.default_rng(3).random(CUSTOMERS) < moved
    [known] = [x for x in expectations(scored(probabilities, 0.06), LABELS) if x.metric == "brier"]
    [unknown] = [x for x in expectations(scored(probabilities), LABELS) if x.scope == "high"][:1]
    assert known.lower <= realised(known, probabilities, drawn) <= known.upper
    assert not unknown.lower <= realised(unknown, probabilities, drawn) <= unknown.upper


def test_it_follows_other_customers_and_is_blind_to_other_behaviour(
    probabilities: Values,
) -> None:
    """Covariate shift is estimated within 0.02 AUC; concept drift is not seen at all."""
    generator = np.random.default_rng(5)
    [before, *_] = expectations(scored(probabilities), LABELS)
    others = generator.choice(probabilities[np.abs(probabilities - 0.5) < 0.25], CUSTOMERS)
    [after, *_] = expectations(scored(others), LABELS)
    drawn = generator.random(CUSTOMERS) < others
    assert before.expected - after.expected > 0.1
    assert abs(realised(after, others, drawn) - after.expected) < 0.02
    turned = generator.random(CUSTOMERS) < generator.permutation(probabilities)
    assert realised(before, probabilities, turned) < 0.55 < before.lower


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.floats(0, 1), st.floats(0, 0.5), st.integers(0, 2)),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_bins_changes_nothing(rows: list[Row], shuffled: Random) -> None:
    """To the bit; intervals hold the expected, and all lie between 0 and 1."""

    def bins(given_rows: list[Row]) -> ScoredBins:
        customers, scores, half = (
            np.array([row[place] for row in given_rows], dtype=np.float64) for place in range(3)
        )
        bands = np.array([row[3] for row in given_rows], dtype=np.int64)
        lower, upper = np.clip(scores - half, 0, 1), np.clip(scores + half, 0, 1)
        return ScoredBins(customers, scores, lower, upper, bands, 0.9, 25)

    found = expectations(bins(rows), LABELS)
    other = list(rows)
    shuffled.shuffle(other)
    assert expectations(bins(other), LABELS) == found
    for each in found:
        assert 0 <= each.lower <= each.expected <= each.upper <= 1


def test_nothing_is_expected_of_nobody(probabilities: Values) -> None:
    """Nor an AUC where the outcome is certain, nor a precision of a label without customers."""
    bins = scored(probabilities)
    nobody = replace(bins, customers=np.zeros(CUSTOMERS))
    assert expectations(nobody, LABELS) == []
    certain = scored(np.zeros(100))
    assert [each.metric for each in expectations(certain, LABELS)] == ["brier"]
