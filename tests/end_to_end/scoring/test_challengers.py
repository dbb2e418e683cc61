"""A challenger scores beside the champion: compared with it, never served, and nobody waits."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import stats
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import brier_score_loss, mean_absolute_error, roc_auc_score

from python_scoring.models.artifacts import MODEL_FILE
from python_scoring.models.registry import Registry
from tests.support.artifacts import demo_artifact
from tests.support.fixtures import Fresh
from tests.support.lake import write
from tests.support.outcomes import scored_beside_outcomes
from tests.support.project import Project, copy_of_project

# The outcomes of the first slot end on 8 November.
FIRST = "2026-08-10"


BEFORE = {"PREDICTION_NOW": "2026-11-05T07:00:00", "PREDICTION_AS_OF": FIRST}


AFTER = {"PREDICTION_NOW": "2026-11-24T07:00:00", "PREDICTION_AS_OF": f"{FIRST},2026-11-24"}


REGISTERED = datetime(2026, 11, 1)


def forest(product: str) -> bytes:
    """A model that disagrees with the demo model."""
    features = demo_artifact(product)[1].features
    numbers = np.random.default_rng(5)
    inputs = pd.DataFrame({one["name"]: numbers.lognormal(3, 1, 300) for one in features})
    if product == "churn":
        estimator: Any = RandomForestClassifier(20, max_depth=4, random_state=5)
        target = inputs["recency_days"] > 25
    else:
        estimator = RandomForestRegressor(20, max_depth=4, random_state=5)
        target = inputs["revenue_90d"]
    content: bytes = skops.io.dumps(estimator.fit(inputs, target))
    return content


def add(folder: Path, product: str, version: str, model: bytes | None = None, **card: Any) -> None:
    """Register a challenger, and pin it."""
    _, demo, content = demo_artifact(product)
    known = replace(demo, model_version=version, **card)
    Registry(folder).add(model or content, known, REGISTERED)
    pin(folder, product, version)


def pin(folder: Path, product: str, version: str, pinned_until: str = "") -> None:
    with (folder / "seeds" / "challenger_pins.csv").open("a") as pins:
        pins.write(f"{product},{version},2026-08-01 00:00:00,{pinned_until},ana,to be compared\n")


# In builds


@pytest.mark.slow
def test_challengers_are_compared_and_never_served(fresh: Fresh, tmp_path: Path) -> None:
    """The champions are published, whatever becomes of their challengers.

    The first build is too early to know any outcome, the second knows those of its slot.
    """
    folder = copy_of_project(tmp_path)
    add(folder, "churn", "2.0.0", forest("churn"))
    add(folder, "churn", "2.1.0")
    (folder / "python_scoring" / "artifacts" / "churn" / "2.1.0" / MODEL_FILE).write_bytes(b"?")
    add(folder, "clv", "2.0.0", forest("clv"))
    add(folder, "clv", "2.1.0", output_schema_version="2.0")
    add(folder, "segmentation", "2.0.0")
    project: Project = fresh(empty=True, folder=folder)
    result = project.build(env=BEFORE)
    assert f"WARNING: churn as of {FIRST} 00:00:00: challenger 2.1.0 failed" in result.stdout
    states = project.query(
        "select distinct status, model_version from lake.operations.run_states "
        f"where as_of = '{FIRST}'"
    )
    assert states == [("published", "1.0.3")]
    comparison = compared(project, FIRST)
    told = comparison[["product", "challenger_version", "status"]].to_numpy().tolist()
    assert told == [
        ["churn", "2.0.0", "scored"],
        ["churn", "2.1.0", "failed"],
        ["clv", "2.0.0", "scored"],
        ["clv", "2.1.0", "failed"],
        ["segmentation", "2.0.0", "scored"],
    ]
    check_measures(project, comparison.iloc[0])
    same = comparison.iloc[4]
    assert (same["label_agreement"], same["mean_difference"], same["psi"]) == (1, 0, 0)
    assert pd.isna(same["rank_agreement"])
    assert not tells_of_outcomes(comparison)
    served = project.query(
        "select distinct model_version from lake.marts.churn_prediction_history_v1 union "
        "select distinct model_version from lake.marts.churn_predictions_v2"
    )
    assert served == [("1.0.3",)]
    readers = project.query(
        "select view_name from duckdb_views() "
        "where schema_name = 'marts' and sql ilike '%challenger%'"
    )
    assert readers == []
    scores = project.digest(FIRST_SCORES)

    # What was published before a challenger was pinned is never challenged.
    pin(folder, "churn", "2.2.0", "2026-09-01 00:00:00")
    project.build(env=AFTER, tests="all")
    assert project.digest(FIRST_SCORES) == scores
    known = compared(project, FIRST)
    agreement = [name for name in comparison if name not in outcome_columns(comparison)]
    pd.testing.assert_frame_equal(known[agreement], comparison[agreement])
    check_outcomes(project, known.iloc[0])
    check_outcomes(project, known.iloc[2])
    # Segments are measured too: whether their names hold.
    assert not tells_of_outcomes(known.iloc[[1, 3]])
    assert not tells_of_outcomes(compared(project, "2026-11-24"))
    page = tmp_path / "report.html"
    project.command("report", "--out", str(page), env=AFTER)
    customers = known.iloc[0]["labels_known"]
    assert f"Mon 10 Aug, {customers} customers with a known outcome: 2.0.0 foretold" in (
        page.read_text()
    )

    # As if the build had been killed before the run was marked as measured.
    kept = ["challenger_records", "challenger_outcomes", "output_checks"]
    before = [project.digest(f"lake.operations.{table}") for table in kept]
    measured = "(select * exclude (invocation_id) from lake.operations.outcome_scores)"
    figures = project.digest(measured)
    everything = project.digest("lake.predictions.challenger_scores_churn")
    write(project, "delete from lake.operations.outcome_scores where product = 'churn'")
    project.dbt("run", env=AFTER)
    assert project.digest(measured) == figures
    assert [project.digest(f"lake.operations.{table}") for table in kept] == before
    assert project.digest("lake.predictions.challenger_scores_churn") == everything


FIRST_SCORES = f"(from lake.predictions.challenger_scores_churn where as_of = '{FIRST}')"


def compared(project: Project, as_of: str) -> pd.DataFrame:
    """What is told of the challengers of a slot."""
    return project.frame(
        f"from lake.operations.challenger_comparison where as_of = '{as_of}' "
        "order by product, challenger_version"
    )


def outcome_columns(comparison: pd.DataFrame) -> list[str]:
    """Those that are null until outcomes are known."""
    names = list(comparison.columns)
    return names[names.index("labels_known") :]


def tells_of_outcomes(comparison: pd.DataFrame) -> bool:
    """Whether any row has any of them."""
    assert len(comparison)
    return bool(comparison[outcome_columns(comparison)].notna().to_numpy().any())


def check_outcomes(project: Project, measured: "pd.Series[Any]") -> None:
    """Against scikit-learn, on the raw orders, over the customers whom both scored."""
    product = measured["product"]
    both = scored_beside_outcomes(project, product, FIRST).merge(
        project.frame(
            "select customer_id, score as challenger_score "
            f"from lake.predictions.challenger_scores_{product} where as_of = '{FIRST}' "
            f"and model_version = '{measured['challenger_version']}'"
        ),
        on="customer_id",
    )
    assert len(both) == measured["labels_known"] > 100
    assert measured["mean_outcome"] == pytest.approx(both["outcome"].mean(), abs=1e-6)
    assert str(measured["outcomes_measured_at"]) == "2026-11-24 07:00:00"
    for who, column in (("champion", "score"), ("challenger", "challenger_score")):
        scores, outcomes = both[column], both["outcome"]
        if product == "churn":
            expected = {
                "auc": roc_auc_score(outcomes, scores),
                "brier": brier_score_loss(outcomes, scores),
            }
        else:
            expected = {
                "mae": mean_absolute_error(outcomes, scores),
                "bias": scores.sum() / outcomes.sum() - 1,
                "spearman": stats.spearmanr(scores, outcomes).statistic,
            }
        expected["calibration_gap"] = gap_of_tenths(both, column)
        for figure in ("auc", "brier", "mae", "bias", "spearman", "calibration_gap"):
            found = measured[f"{who}_{figure}"]
            if figure in expected:
                assert found == pytest.approx(expected[figure], abs=1e-6), (who, figure)
            else:
                assert pd.isna(found), (who, figure)


def gap_of_tenths(both: pd.DataFrame, column: str) -> float:
    """Tenths from the lowest score up, the first of which take what cannot be divided."""
    ordered = both.sort_values([column, "customer_id"])
    tenths = np.array_split(ordered[[column, "outcome"]].to_numpy(), 10)
    apart = sum(abs(tenth[:, 0].sum() - tenth[:, 1].sum()) for tenth in tenths)
    return float(apart / both["outcome"].sum())


def check_measures(project: Project, measured: "pd.Series[Any]") -> None:
    """Against scipy, over the same customers."""
    both = project.frame(
        "select served.customer_id, served.score as champion, other.score as challenger, "
        "served.label as champion_label, other.label as challenger_label "
        "from lake.predictions.predictions_churn as served "
        "inner join lake.predictions.challenger_scores_churn as other using (run_id, customer_id)"
    )
    assert len(both) == measured["customers"] == measured["customers_scored"] > 100
    agreement = (both["champion_label"] == both["challenger_label"]).mean()
    difference = (both["challenger"] - both["champion"]).mean()
    assert measured["label_agreement"] == pytest.approx(agreement)
    assert measured["mean_difference"] == pytest.approx(difference)
    ranks = stats.spearmanr(both["champion"], both["challenger"]).statistic
    assert measured["rank_agreement"] == pytest.approx(ranks)
    gap = stats.ks_2samp(both["champion"], both["challenger"]).statistic
    assert measured["kolmogorov_smirnov"] == pytest.approx(gap)
    top = -(-len(both) // 10)
    tops = [
        set(both.sort_values([who, "customer_id"], ascending=[False, True])["customer_id"][:top])
        for who in ("champion", "challenger")
    ]
    assert measured["top_decile_in_common"] == pytest.approx(len(tops[0] & tops[1]) / top)
    assert measured["psi"] > 0
