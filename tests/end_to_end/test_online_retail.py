"""Real data: a year of a UK retailer, from invoice lines to published predictions."""

import json
import os
from pathlib import Path

import duckdb
import pytest
from sklearn.metrics import roc_auc_score

from python_scoring.project import PROJECT
from tests.support.project import PRODUCTS, Project, copy_of_project

DATA = Path(
    os.environ.get("ONLINE_RETAIL")
    or PROJECT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
)


AS_OF = "2011-09-08"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.exists(),
        reason=f"{DATA} is not there; set ONLINE_RETAIL to the file online_retail.parquet",
    ),
]


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The section 'Real data' of docs/start.md, in a copy of the project."""
    folder = tmp_path_factory.mktemp("online_retail")
    project = Project(
        copy_of_project(folder), folder / "raw", folder / "warehouse", folder / "target"
    )
    now = {"PREDICTION_NOW": ""}
    project.command("init", str(DATA), "--out", str(project.raw_data))
    for product in PRODUCTS:
        days: tuple[str, ...] = ("04-01", "05-01", "06-01")
        if product != "segmentation":
            days = ("02-01", "03-02", "04-01", "05-02", "06-01")
        as_ofs = [part for day in days for part in ("--as-of", f"2011-{day}")]
        version = ("--model-version", "0.1.0", "--pin-from", "2011-08-31")
        project.command("train", product, *as_ofs, *version, env=now)
    project.build(env={**now, "PREDICTION_AS_OF": AS_OF}, tests="all")
    return project


@pytest.mark.parametrize("product", ["churn", "clv"])
def test_bounds_keep_their_level(retail: Project, product: str) -> None:
    """On the 90 days before Christmas, which no calibration has seen: 88 to 94%.

    Calibration, too: churn comes closer to what happened than the raw scores at training did.
    """
    [(coverage, level, labels)] = retail.query(
        "select coverage, interval_level, labels_known from lake.operations.outcome_scores "
        f"where product = '{product}' and as_of = '{AS_OF}'"
    )
    assert labels == 3357
    assert level - 0.02 <= coverage <= level + 0.04, coverage
    file = retail.folder / "python_scoring" / "artifacts" / product / "0.1.0" / "model.json"
    metrics = json.loads(file.read_text())["metrics"]
    if product == "churn":
        assert metrics["brier"] < metrics["before_calibration"]["brier"]
        assert metrics["log_loss"] < metrics["before_calibration"]["log_loss"]


def test_churn_ranks_customers(retail: Project) -> None:
    """On the 90 days that followed, the AUC is at least 0.745."""
    predictions = retail.frame(
        "select customer_id, score from lake.marts.churn_prediction_history_v1 "
        f"where as_of = '{AS_OF}'"
    )
    with duckdb.connect() as connection:
        came_back = connection.execute(
            f"""
            select distinct customer_id from read_parquet('{retail.raw_data}/orders.parquet')
            where amount > 0 and ordered_at >= timestamp '{AS_OF}'
                and ordered_at < timestamp '{AS_OF}' + interval 90 day
            """
        ).df()["customer_id"]
    churned = ~predictions["customer_id"].isin(came_back)
    assert len(predictions) == 3357
    assert 0.42 < churned.mean() < 0.44
    auc = roc_auc_score(churned, predictions["score"])
    assert auc >= 0.745, auc


def test_the_level_of_lifetime_value_is_right(retail: Project) -> None:
    """The sum of the predictions is within 15% of the revenue that came; it was 40% above."""
    [(bias,)] = retail.query(
        "select bias from lake.operations.outcome_scores "
        f"where product = 'clv' and as_of = '{AS_OF}'"
    )
    assert abs(bias) <= 0.15, bias


def test_segments_are_what_their_names_claim(retail: Project) -> None:
    """New customers are new, and no claim of the contract is contradicted by what came."""
    [(late,)] = retail.query(
        "select count(*) from lake.marts.segmentation_prediction_history_v1 as predictions "
        "inner join lake.features.feature_snapshots using (as_of, customer_id) "
        "where (label = 'new') <> (days_since_first_order <= 30)"
    )
    assert late == 0
    claims = retail.query(
        "select scope, outcome from lake.operations.output_checks "
        "where check_name = 'outcome_claims' order by scope"
    )
    assert dict(claims) == {
        "at_risk above dormant": "not_evaluated",
        "champions above loyal": "passed",
        "loyal above at_risk": "passed",
        "loyal above one_time": "passed",
        "new above dormant": "not_evaluated",
    }


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_is_published(retail: Project, product: str) -> None:
    """All three products are served as of the same day, one row per customer."""
    ((rows, customers, labels),) = retail.query(
        "select count(*), count(distinct customer_id), count(distinct label) "
        f"from lake.marts.{product}_predictions_v1 where as_of = '{AS_OF}'"
    )
    assert rows == customers == 3357
    assert labels >= 3


def test_rejected_rows_are_counted_by_reason(retail: Project) -> None:
    """Invoices without a customer are kept apart, with the reason, and nothing else is."""
    with duckdb.connect(str(retail.warehouse / "warehouse.duckdb"), read_only=True) as warehouse:
        counts = warehouse.execute(
            "select source, reason, count(*) from staging.rejected_records group by all"
        ).fetchall()
    assert counts == [("orders", "customer_id is null or blank", 3710)]


def test_a_model_of_another_shop_is_caught(retail: Project, tmp_path: Path) -> None:
    """The demo models do not fit this shop: every product is quarantined, and the reason says in
    words which features are not like those of the training. So none comes into service by them.
    """
    folder = copy_of_project(tmp_path)
    pins = folder / "seeds" / "model_pins.csv"
    pins.write_text(pins.read_text().replace("2026-01-01", "2011-01-01"))
    project = Project(folder, retail.raw_data, tmp_path / "warehouse", tmp_path / "target")
    result = project.build(env={"PREDICTION_NOW": "", "PREDICTION_AS_OF": AS_OF}, tests="verdicts")
    assert result.stdout.count("WARN 1 no_unresolved_quarantine") == len(PRODUCTS)
    assert project.query("select distinct state from lake.operations.product_services") == [
        ("in commissioning",)
    ]
    reasons = dict(
        project.query(
            "select product, reason from lake.operations.run_ledger where status = 'quarantined'"
        )
    )
    assert set(reasons) == set(PRODUCTS)
    for product, reason in reasons.items():
        said = "feature_psi: The customers are not like those that the model was trained on in "
        assert said in reason, product
        assert said in result.stdout
