"""Figures are those of scikit-learn, intervals draw customers, and differences are paired."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, mean_poisson_deviance, roc_auc_score

from python_scoring.backtest.bootstrap import weights_of, with_intervals
from python_scoring.backtest.command import Backtest, as_ofs_between
from python_scoring.backtest.figures import Measured
from python_scoring.backtest.text import to_text
from python_scoring.errors import ArgumentError, InputError
from python_scoring.report import backtests
from python_scoring.uncertainty.coverage import coverage

if TYPE_CHECKING:
    from python_scoring.models.backtest_record import Entry


def churn(seed: int, customers: int = 3_000, noise: float = 1.0) -> Measured:
    """Scores with ties and bounds; more noise ranks worse."""
    chance = np.random.default_rng(1)
    true = chance.uniform(0.05, 0.95, customers)
    outcomes = (chance.random(customers) < true).astype(np.float64)
    moved = true + noise * 0.1 * np.random.default_rng(seed).normal(size=customers)
    scores = np.clip(moved, 0.01, 0.99).round(2)
    return Measured(scores, outcomes, scores - 0.15, scores + 0.15, 25, is_probability=True)


def test_figures_are_those_of_scikit_learn() -> None:
    """Also for weights: a customer who is drawn three times counts three times."""
    measured = churn(2)
    weights = np.random.default_rng(3).integers(0, 4, len(measured.scores)).astype(np.float64)
    for given in (np.ones(len(weights)), weights):
        found = measured.figures(given)
        arguments = (measured.outcomes, measured.scores)
        assert found["auc"] == pytest.approx(roc_auc_score(*arguments, sample_weight=given))
        assert found["brier"] == pytest.approx(brier_score_loss(*arguments, sample_weight=given))
        assert found["deviance"] == pytest.approx(2 * log_loss(*arguments, sample_weight=given))
    plain = measured.figures(np.ones(len(weights)))
    bounds = (measured.scores - 0.15, measured.scores + 0.15)
    assert plain["coverage"] == pytest.approx(
        coverage(measured.scores, measured.outcomes, bounds, 25)
    )
    lifts = [plain[f"lift_{number}"] or 0 for number in range(1, 11)]
    assert np.mean(lifts) == pytest.approx(1)
    assert lifts[0] > lifts[-1]


def test_figures_of_estimates() -> None:
    """Bias, mean absolute error and Poisson deviance of amounts, of which many are zero."""
    chance = np.random.default_rng(5)
    scores = chance.lognormal(3, 1, 2_000)
    outcomes = np.where(chance.random(2_000) < 0.5, 2 * scores * chance.gamma(2, 0.5, 2_000), 0.0)
    found = Measured(scores, outcomes, None, None, 1, is_probability=False).figures(np.ones(2_000))
    assert found["bias"] == pytest.approx(scores.sum() / outcomes.sum() - 1)
    assert found["mae"] == pytest.approx(np.abs(scores - outcomes).mean())
    assert found["deviance"] == pytest.approx(mean_poisson_deviance(outcomes, scores))
    assert found["coverage"] is None


def test_groups_hold_customers_of_one_as_of() -> None:
    """Two as-ofs with the same customers have the coverage of one, as sure as its groups are many.

    One group of both as-ofs would hold half as many customers, and more of them lie outside.
    """
    draw = np.random.default_rng(7)
    scores = draw.uniform(0.1, 0.9, 3_000)
    outcomes = (draw.random(3_000) < scores).astype(float)
    spread = 1.645 * np.sqrt(scores * (1 - scores) / 25)
    once = Measured(scores, outcomes, scores - spread, scores + spread, 25, is_probability=True)
    ones = np.ones(3_000)
    one_as_of = once.figures(ones)["coverage"]
    mixed = replace(
        once,
        scores=np.tile(scores, 2),
        outcomes=np.tile(outcomes, 2),
        lower=np.tile(scores - spread, 2),
        upper=np.tile(scores + spread, 2),
    )
    both = replace(mixed, as_ofs=np.repeat(np.arange(2), 3_000))
    assert both.figures(np.ones(6_000))["coverage"] == one_as_of
    assert (mixed.figures(np.ones(6_000))["coverage"] or 1) < (one_as_of or 0) - 0.05
    [each], _ = with_intervals([once], np.arange(3_000))
    value, lower, upper = each["coverage"]
    assert value is not None
    assert lower is not None
    assert upper is not None
    chance = np.sqrt(value * (1 - value) / 120)
    assert upper - lower == pytest.approx(2 * 1.645 * chance, rel=0.35)


def test_a_customer_is_drawn_with_all_of_its_rows() -> None:
    """Rows of one customer always have the same weight, and samples have as many customers."""
    customers = np.array([0, 1, 0, 2, 1, 0])
    for number, weights in enumerate(weights_of(customers, 3)):
        assert weights[0] == weights[2] == weights[5]
        assert weights[1] == weights[4]
        assert weights[0] + weights[1] + weights[3] == 3
        if number == 20:
            break


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    """Two models of the same customers err together; the better one is found, always alike."""
    models = [churn(2, noise=1.5), churn(3, noise=0.5)]
    customers = np.arange(3_000)
    each, difference = with_intervals(models, customers)
    value, lower, upper = difference["auc"]
    assert value is not None
    assert lower is not None
    assert upper is not None
    assert 0 < lower < value < upper
    first = each[0]["auc"]
    assert first[1] is not None
    assert first[2] is not None
    assert upper - lower < first[2] - first[1]
    assert with_intervals(models, customers) == (each, difference)


def test_as_ofs_of_months() -> None:
    """A month later is the same day, or the last one of a short month."""
    found = as_ofs_between(datetime(2026, 1, 31), datetime(2026, 4, 30), "month")
    assert [str(as_of)[:10] for as_of in found] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]
    assert len(as_ofs_between(datetime(2026, 1, 1), datetime(2026, 1, 15), "week")) == 3
    with pytest.raises(ArgumentError, match="--from 2026-02-01 00:00:00 is later than"):
        as_ofs_between(datetime(2026, 2, 1), datetime(2026, 1, 1), "day")


def found() -> Backtest:
    """A backtest of two models."""
    each, difference = with_intervals([churn(2), churn(3)], np.arange(3_000))
    entry: Entry = {
        "as_of": None,
        "customers": 3_000,
        "rows": 3_000,
        "models": [{"figures": figures} for figures in each],
        "difference": difference,
    }
    return Backtest(
        "churn",
        ["1.0.1", "1.0.2"],
        0.9,
        200,
        [
            {
                **entry,
                "as_of": "2026-03-01T00:00:00",
                "models": [{**model, "coverage_by_fifth": [0.9, 0.8]} for model in entry["models"]],
            },
            entry,
        ],
        {"2026-10-01 00:00:00": "its label window of 90 days is not complete"},
        {
            "as_of": "2026-10-01T00:00:00",
            "customers": 100,
            "labels": [
                {"was": "low", "becomes": "high", "customers": 7},
                {"was": "low", "becomes": "low", "customers": 93},
            ],
            "relabelled": 7,
            "mean_score": [0.4, 0.45],
            "score_shift": {"p5": -0.1, "p50": 0.0, "p95": 0.2},
        },
    )


def test_the_text_says_what_was_measured_and_what_was_not() -> None:
    """Figures with intervals, the difference, the moves of a pin, and as-ofs left out."""
    text = to_text(found())
    assert "as of 2026-03-01T00:00:00: 3,000 customers" in text
    assert "difference" in text
    assert "7 of 100 customers change their label" in text
    assert "low to high: 7" in text
    assert "1.0.2: coverage by fifth of the scores, lowest first: 90.0%, 80.0%" in text
    assert "2026-10-01 00:00:00: its label window" in text


def test_the_report_shows_a_backtest(tmp_path: Path) -> None:
    """From the JSON; a file that is none is refused by its name."""
    file = tmp_path / "backtest.json"
    file.write_text(found().to_json())
    read = backtests.read([file])
    assert read[0] == json.loads(found().to_json())
    assert backtests.of_product(read, "clv") == []
    [comparison] = backtests.of_product(read, "churn")
    assert "would change the label of 7 of 100 customers: 7 from low to high" in " ".join(
        comparison.sentences
    )
    assert len(comparison.table.rows) == 6
    assert all(len(row) == len(comparison.table.columns) for row in comparison.table.rows)
    file.write_text("{}")
    with pytest.raises(InputError, match=r"backtest\.json is not a backtest"):
        backtests.read([file])
