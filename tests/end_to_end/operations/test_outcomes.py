"""Outcomes: once a run's horizon has passed, the next build compares its scores with them."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from python_scoring.raw.demo_data import generate
from python_scoring.uncertainty.coverage import coverage
from python_scoring.uncertainty.expectation import Expectation, ScoredBins, expectations
from tests.support.fixtures import Fresh
from tests.support.outcomes import scored_beside_outcomes
from tests.support.project import Project

AS_OFS = ("2026-08-03", "2026-08-10")  # Mondays, 112 and 105 days before the clock


NEAR = "2026-08-26"  # its 90 days end a day after the clock


GROUP_SIZES = {"churn": 25, "clv": 1}


LABELS = ["low", "medium", "high"]


METRICS = {
    ("auc", "all customers"), ("brier", "all customers"), ("precision", "medium or higher"),
    ("recall", "medium or higher"), ("precision", "high"), ("recall", "high"),
}  # fmt: skip


def _check_expectations(project: Project) -> None:
    """What each run of churn expected of itself, by its stored scores, and what came."""
    estimates = project.frame(
        "select * from lake.operations.performance_estimates order by as_of, metric, scope"
    )
    assert set(estimates["product"]) == {"churn"}
    assert sorted(set(estimates["as_of"].astype(str).str[:10])) == [*AS_OFS, NEAR]
    for as_of, of_run in estimates.groupby(estimates["as_of"].astype(str).str[:10]):
        figures = of_run.set_index(["metric", "scope"])
        scores = project.frame(
            "select score, score_lower, score_upper, label from "
            f"lake.predictions.predictions_churn where prediction_date = '{as_of}'"
        )
        score, lower, upper = (scores[name].to_numpy() for name in scores.columns[:3])
        bands = np.array([LABELS.index(label) for label in scores["label"]], dtype=np.int64)
        ones = np.ones(len(scores))
        bins = ScoredBins(ones, score, lower, upper, bands, 0.9, GROUP_SIZES["churn"])
        own: dict[object, Expectation] = {
            (each.metric, each.scope): each for each in expectations(bins, LABELS)
        }
        assert set(own) == set(figures.index) == METRICS
        for key, row in figures.iterrows():
            found = row[["expected", "expected_lower", "expected_upper"]].tolist()
            assert found == pytest.approx(
                [own[key].expected, own[key].lower, own[key].upper], abs=1e-3
            )
        assert figures["realised"].isna().all() == (as_of == NEAR)
        if as_of != NEAR:
            frame = scored_beside_outcomes(project, "churn", as_of)
            is_high, outcomes = frame["label"] == "high", frame["outcome"]
            realised = figures["realised"]
            assert realised["auc", "all customers"] == pytest.approx(
                roc_auc_score(outcomes, frame["score"]), abs=1e-6
            )
            assert realised["precision", "high"] == pytest.approx(
                precision_score(outcomes, is_high), abs=1e-6
            )
            assert realised["recall", "high"] == pytest.approx(
                recall_score(outcomes, is_high), abs=1e-6
            )
            within = figures["realised"].between(
                figures["expected_lower"], figures["expected_upper"]
            )
            assert figures["is_within"].astype(bool).tolist() == within.tolist()
    limits = project.query(
        "select distinct outcome, severity, round(value, 6) in (select expected from "
        "lake.operations.expected_performance where metric = 'auc') from "
        "lake.operations.output_checks where check_name = 'expected_discrimination'"
    )
    assert sorted(limits, key=str) == [("not_evaluated", "warn", None), ("passed", "warn", True)]


@pytest.mark.slow
def test_a_run_is_measured_once_when_its_horizon_has_passed(fresh: Fresh) -> None:
    """The figures are those of scikit-learn on the raw orders, and the next build adds nothing."""
    project = fresh(empty=True)
    project.build(env={"PREDICTION_AS_OF": ",".join([*AS_OFS, NEAR])})
    rows = project.frame(
        "select * from lake.operations.outcome_scores where product <> 'segmentation' "
        "order by product, as_of"
    )
    found = [(row.product, str(row.as_of)[:10]) for row in rows.itertuples()]
    assert found == [(product, as_of) for product in GROUP_SIZES for as_of in AS_OFS]
    for row in rows.itertuples():
        product = str(row.product)
        frame = scored_beside_outcomes(project, product, str(row.as_of)[:10])
        scores, outcomes = frame["score"].to_numpy(), frame["outcome"].to_numpy()
        assert row.customers_scored == row.labels_known == len(frame)
        assert row.mean_outcome == pytest.approx(outcomes.mean(), abs=1e-6)
        bounds = (frame["score_lower"].to_numpy(), frame["score_upper"].to_numpy())
        share = coverage(scores, outcomes, bounds, GROUP_SIZES[product])
        assert row.coverage == pytest.approx(share, abs=1e-6)
        tenths = json.loads(str(row.calibration))
        assert sum(tenth["customers"] for tenth in tenths) == len(frame)
        if product == "churn":
            assert row.auc == pytest.approx(roc_auc_score(outcomes, scores), abs=1e-6)
            assert row.brier == pytest.approx(brier_score_loss(outcomes, scores), abs=1e-6)
            assert pd.isna(row.mae)
        else:
            assert row.mae == pytest.approx(np.abs(outcomes - scores).mean(), abs=1e-6)
            correlation = pd.Series(scores).corr(pd.Series(outcomes), method="spearman")
            assert row.spearman == pytest.approx(correlation, abs=1e-6)
            assert pd.isna(row.auc)
    _check_expectations(project)
    # Without challengers there is nobody to compare with.
    assert project.query("select count(*) from lake.operations.challenger_outcomes") == [(0,)]
    checks = project.query(
        "select run_id, check_name, severity, outcome, message from lake.operations.output_checks "
        "where starts_with(check_name, 'outcome_') and check_name <> 'outcome_claims'"
    )
    assert len(checks) == 3 * len(rows)
    assert {run_id for run_id, *_ in checks} == set(rows["run_id"])
    assert {severity for _, _, severity, _, _ in checks} == {"warn"}
    # With few customers coverage differs by chance; ranks do not.
    assert {outcome for _, name, _, outcome, _ in checks if name == "outcome_discrimination"} == {
        "passed"
    }
    before = project.digest("lake.operations.outcome_scores")
    checked = project.digest("lake.operations.output_checks", "starts_with(check_name, 'outcome_')")
    project.build(env={"PREDICTION_AS_OF": AS_OFS[1]})
    assert project.digest("lake.operations.outcome_scores") == before
    assert (
        project.digest("lake.operations.output_checks", "starts_with(check_name, 'outcome_')")
        == checked
    )


def test_nothing_is_measured_before_its_time(built: Project) -> None:
    """The newest slot's horizon lies ahead: no figures, and no check that says anything of them."""
    assert built.query("select count(*) from lake.operations.outcome_scores") == [(0,)]
    assert built.query(
        "select count(*) from lake.operations.output_checks "
        "where starts_with(check_name, 'outcome_')"
    ) == [(0,)]


@pytest.mark.slow
def test_outcomes_are_not_measured_after_loading_stopped(fresh: Fresh, tmp_path: Path) -> None:
    """Orders end in October: as of August everybody would look gone, so no outcome is claimed.

    One row that claims a load in November completes nothing.
    """
    raw = tmp_path / "stopped"
    generate(400, pd.Timestamp("2026-10-15").to_pydatetime(), raw, progress=False)
    orders = raw / "orders.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table orders as from '{orders}';"
            "insert into orders select * replace ('late' as order_id, "
            "timestamp '2026-11-22' as ordered_at, timestamp '2026-11-22 06:00' as loaded_at) "
            f"from orders limit 1; copy orders to '{orders}'"
        )
    project = fresh(empty=True, raw_data=raw)
    project.build(env={"PREDICTION_AS_OF": AS_OFS[0]})
    published = project.query("select count(*) from lake.predictions.predictions_churn")
    assert published[0][0] > 0
    assert project.query("select count(*) from lake.operations.outcome_scores") == [(0,)]


@pytest.mark.slow
def test_bounds_keep_their_level_over_a_year_of_demo_data(fresh: Fresh, tmp_path: Path) -> None:
    """Between 88% and 94% of a level of 90% over seasons no model has seen, and in the report."""
    raw = tmp_path / "shop"
    generate(8_000, pd.Timestamp("2026-11-23").to_pydatetime(), raw, progress=False)
    project = fresh(empty=True, raw_data=raw)
    project.build(
        env={"PREDICTION_AS_OF": "2026-01-05,2026-03-02,2026-05-04,2026-06-29,2026-08-10"}
    )
    shares = dict(
        project.query(
            "select product, avg(coverage) from lake.operations.outcome_scores "
            "where coverage is not null group by product"
        )
    )
    assert shares == {product: pytest.approx(0.91, abs=0.03) for product in GROUP_SIZES}
    failed = project.query(
        "select message from lake.operations.output_checks "
        "where starts_with(check_name, 'outcome_') and outcome <> 'passed' "
        "and not (check_name = 'outcome_claims' and outcome = 'not_evaluated')"
    )
    # A single season may lie beyond the limit: of these, one is held too well.
    assert [message for (message,) in failed if "The bounds of" not in message] == []
    assert len(failed) <= 1
    page = tmp_path / "report.html"
    project.command("report", "--out", str(page))
    text = page.read_text()
    assert "the newest of 5 measured runs: the outcomes of" in text
    assert "Predicted and observed, as a table" in text
