"""Calibration keeps ranks, bounds enclose scores and keep their level, and nothing looks ahead."""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import log_loss

from python_scoring.errors import TrainingError
from python_scoring.models.artifacts import ModelCard
from python_scoring.project import PROJECT
from python_scoring.uncertainty import bounds, calibration
from python_scoring.uncertainty.bounds import Calibrated, IntervalSpec
from python_scoring.uncertainty.bounds_table import BoundsTable
from python_scoring.uncertainty.calibration import HeldOut, Values
from python_scoring.uncertainty.coverage import coverage

SHARE = IntervalSpec(level=0.9, group_size=25, minimum=0, maximum=1)


REVENUE = IntervalSpec(level=0.9, group_size=1, minimum=0, maximum=1_000_000)


probabilities = arrays(
    np.float64, st.integers(2, 200), elements=st.floats(0, 1, allow_subnormal=False)
)


revenues = arrays(np.float64, st.integers(2, 200), elements=st.floats(0, 999_999))


def shop(seed: int, customers: int, shift: float = 0.0) -> Calibrated:
    """Scores that are too sure of themselves, and outcomes; `shift` is the season."""
    chance = np.random.default_rng(seed)
    log_odds = chance.normal(0, 1.5, customers)
    true = 1 / (1 + np.exp(-(log_odds + shift)))
    raw = 1 / (1 + np.exp(-(1.8 * log_odds - 0.5)))
    return Calibrated(raw, (chance.random(customers) < true).astype(np.float64))


def spenders(seed: int, customers: int) -> tuple[Values, Values]:
    """Skewed expectations; half of the customers bring nothing, and the others scatter with it."""
    chance = np.random.default_rng(seed)
    scores = chance.lognormal(4, 1, customers)
    buys = chance.random(customers) < 0.5
    return scores, np.where(buys, 2 * scores * chance.gamma(1.5, 1 / 1.5, customers), 0)


def table(kind: str) -> BoundsTable:
    """A table of bounds as a training makes it."""
    if kind == "probability":
        return bounds.of_probabilities([shop(seed, 2_000, seed / 10) for seed in range(3)], SHARE)
    return bounds.of_estimates([Calibrated(*spenders(1, 4_000))], REVENUE)


def test_calibration_undoes_overconfidence() -> None:
    """On customers it has not seen, the log loss falls to nearly that of the true probability."""
    learned, later = shop(1, 20_000), shop(2, 20_000)
    line = calibration.fit(learned.scores, learned.outcomes)
    calibrated = calibration.apply(line, later.scores)
    assert line["slope"] == pytest.approx(1 / 1.8, rel=0.05)
    assert log_loss(later.outcomes, calibrated) < log_loss(later.outcomes, later.scores) - 0.02
    assert calibrated.mean() == pytest.approx(later.outcomes.mean(), abs=0.01)


@given(probabilities, st.floats(0.05, 20), st.floats(-5, 5))
def test_calibration_never_changes_the_order(
    scores: Values, slope: float, intercept: float
) -> None:
    """Whatever line was found, a higher raw score is never calibrated to a lower one."""
    line = {"slope": slope, "intercept": intercept}
    calibrated = calibration.apply(line, np.sort(scores))
    assert (np.diff(calibrated) >= 0).all()
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert (calibration.apply({}, scores) == scores).all()


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([1.0] * 40, "all 40 customers of the calibration as-ofs had the same outcome"),
        ([1.0] * 20 + [0.0] * 20, "higher scores did not go with more outcomes"),
    ],
)
def test_a_calibration_that_would_flip_ranks_is_refused(
    outcomes: list[float], message: str
) -> None:
    """The message says what to do instead of a calibration that means nothing."""
    with pytest.raises(TrainingError, match=message):
        calibration.fit(np.arange(1, 41) / 41, np.array(outcomes))


@given(st.data())
def test_bounds_enclose_the_score_and_rise_with_it(data: st.DataObject) -> None:
    """For any score, within the contract's range; whatever batch a score comes in."""
    for kind, drawn in (("probability", probabilities), ("estimate", revenues)):
        made = TABLES[kind]
        scores = np.sort(data.draw(drawn).round(6))
        lower, upper = bounds.apply(made, scores)
        assert (lower <= scores).all()
        assert (scores <= upper).all()
        assert (np.diff(lower) >= 0).all()
        assert (np.diff(upper) >= 0).all()
        assert lower.min() >= 0
        assert upper.max() <= (1 if kind == "probability" else 1_000_000)
        alone = [bounds.apply(made, scores[[place]]) for place in range(len(scores))]
        assert (np.concatenate([low for low, _ in alone]) == lower).all()
        assert (np.concatenate([high for _, high in alone]) == upper).all()


TABLES = {kind: table(kind) for kind in ("probability", "estimate")}


def test_bounds_of_estimates_keep_their_level_on_later_customers() -> None:
    """Also in each quarter of the scores, where bounds of one width for all hold 60 to 100%."""
    scores, outcomes = spenders(7, 20_000)
    found = bounds.apply(TABLES["estimate"], scores)
    assert coverage(scores, outcomes, found, 1) == pytest.approx(0.9, abs=0.03)
    for quarter in np.array_split(np.argsort(scores), 4):
        own = (found[0][quarter], found[1][quarter])
        share = coverage(scores[quarter], outcomes[quarter], own, 1)
        assert share == pytest.approx(0.9, abs=0.05)


def calibrated(part: Calibrated, line: dict[str, float]) -> Calibrated:
    """The same customers with the scores that are served."""
    return Calibrated(calibration.apply(line, part.scores), part.outcomes)


def test_bounds_of_probabilities_keep_their_level_through_the_seasons() -> None:
    """Groups of later seasons lie within, as often as stated; chance alone would hold too few."""
    seasons = [-0.25, -0.1, 0.05, 0.15, 0.25, -0.2]
    known = [shop(place, 4_000, season) for place, season in enumerate(seasons)]
    line = calibration.fit(
        np.concatenate([part.scores for part in known]),
        np.concatenate([part.outcomes for part in known]),
    )
    made = bounds.of_probabilities([calibrated(part, line) for part in known], SHARE)
    by_chance = bounds.of_probabilities([calibrated(shop(0, 4_000), line)], SHARE)
    held: list[float] = []
    held_by_chance: list[float] = []
    for place, season in enumerate([-0.22, -0.05, 0.1, 0.24]):
        later = calibrated(shop(100 + place, 10_000, season), line)
        for shares, bounds_table in ((held, made), (held_by_chance, by_chance)):
            shares.append(
                coverage(later.scores, later.outcomes, bounds.apply(bounds_table, later.scores), 25)
                or 0.0
            )
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)
    assert np.mean(held_by_chance) < np.mean(held)


def test_a_season_moves_the_whole_calibration() -> None:
    """Nineteen months with a season: later months are predicted to a hundredth, each one."""

    def month(place: int, customers: int, seed: int) -> HeldOut:
        as_of = datetime(2024 + (2 + place) // 12, (2 + place) % 12 + 1, 1)
        shift = 0.3 * np.sin(2 * np.pi * as_of.timetuple().tm_yday / 365.25)
        part = shop(seed, customers, shift)
        return HeldOut(as_of, part.scores, part.outcomes)

    learned = calibration.fit_with_season([month(place, 4_000, place) for place in range(19)])
    assert learned["sin_1"] == pytest.approx(0.3, abs=0.05)
    for place in range(22, 34):
        later = month(place, 20_000, 100 + place)
        predicted = calibration.apply(learned, later.scores, later.as_of)
        assert predicted.mean() == pytest.approx(later.outcomes.mean(), abs=0.015)
    few = calibration.fit_with_season([month(place, 4_000, place) for place in range(6)])
    assert set(few) == {"slope", "intercept"}


def test_bounds_are_never_narrower_than_chance() -> None:
    """Outcomes that happen to lie on their scores teach no width below that of the binomial."""
    scores = np.repeat(np.arange(1, 25) / 25, 25)
    shares = np.tile(np.arange(25), 24)
    on_the_scores = (shares < (scores * 25).round()).astype(np.float64)
    made = bounds.of_probabilities([Calibrated(scores, on_the_scores)], SHARE)
    lower, upper = bounds.apply(made, np.array([0.5]))
    chance = 1.6449 * bounds.binomial_standard_error(np.array([0.5]), 25)
    assert upper - 0.5 >= chance - 1e-4
    assert 0.5 - lower >= chance - 1e-4


def test_the_width_of_a_fifth_follows_its_own_errors() -> None:
    """Where the lowest scores drift and the others do not, the lowest have the wider bounds."""
    chance = np.random.default_rng(3)
    parts = []
    for drift in (-0.25, 0.25, -0.2, 0.2):
        scores = chance.uniform(0.1, 0.9, 5_000)
        true = np.clip(scores + np.where(scores < 0.26, drift / 2, 0), 0.01, 0.99)
        parts.append(Calibrated(scores, (chance.random(5_000) < true).astype(np.float64)))
    made = bounds.of_probabilities(parts, SHARE)
    low, high = (
        np.diff(bounds.apply(made, np.array([score])), axis=0)[0][0] for score in (0.2, 0.8)
    )
    assert low > 1.15 * high


def test_too_few_customers_are_refused_in_words() -> None:
    """Bounds from a handful of customers would be chance."""
    with pytest.raises(TrainingError, match="have 4 groups of 25 customers, and bounds need 9"):
        bounds.of_probabilities([shop(1, 100)], SHARE)
    with pytest.raises(TrainingError, match="have 150 customers, and bounds need 200"):
        bounds.of_estimates([Calibrated(*spenders(1, 150))], REVENUE)


def test_coverage_counts_whole_groups_from_the_lowest_score_up() -> None:
    """By hand: of two groups of two the first lies outside, the fifth customer joins none."""
    scores, outcomes = np.array([0.9, 0.1, 0.5, 0.3, 0.5]), np.array([1.0, 0, 1, 0, 0])
    lower, upper = np.array([0.2, 0.1, 0.2, 0.1, 0.2]), np.array([1.0, 0.4, 0.7, 0.4, 0.7])
    assert coverage(scores, outcomes, (lower, upper), 2) == 0.5
    assert coverage(scores, outcomes, (lower, upper), 6) is None


@pytest.mark.parametrize("product", ["churn", "clv"])
def test_the_reference_models_keep_their_level_and_gain_from_calibration(product: str) -> None:
    """Judged at training on demo data of a later as-of: within three points of the level."""
    file = PROJECT / "python_scoring" / "artifacts" / product / "1.0.0" / "model.json"
    card = ModelCard.from_json(file.read_text(), file)
    assert card.metrics["coverage"] == pytest.approx(card.metrics["interval_level"], abs=0.03)
    closed_at = datetime.fromisoformat(card.label_window_closed_at)
    assert closed_at == datetime(2025, 11, 30)
    assert max(card.calibration_as_ofs) > max(card.training_as_ofs)
    if product == "churn":
        before = card.metrics["before_calibration"]
        assert card.metrics["log_loss"] <= before["log_loss"] + 0.001
        assert card.metrics["brier"] <= before["brier"] + 0.001
        assert len(card.metrics["calibration"]) == len(before["calibration"]) == 10
    assert json.loads(replace(card, bounds={}, calibration={}).to_json())["bounds"] == {}


def test_an_as_of_that_needed_more_widens_the_bounds_of_estimates() -> None:
    """One month with twice the revenue is not made up for by one with half of it."""
    scores, outcomes = spenders(1, 4_000)
    alike = bounds.of_estimates([Calibrated(scores, outcomes)] * 2, REVENUE)
    other = bounds.of_estimates(
        [Calibrated(scores, 2 * outcomes), Calibrated(scores, outcomes / 2)], REVENUE
    )
    at = np.array([100.0])
    assert bounds.apply(other, at)[1] > 1.2 * bounds.apply(alike, at)[1]
