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
    """The README's section 'Real data in ten minutes', in a copy of the project."""
    folder = tmp_path_factory.mktemp("online_retail")
    project = Project(
        copy_of_project(folder), folder / "raw", folder / "warehouse", folder / "target"
    )
    now = {"PREDICTION_NOW": ""}
    project.script("examples/online_retail.py", "--from", str(DATA), "--out", str(project.raw_data))
    for product in PRODUCTS:
        learned = (*monthly("--as-of", "02", "03"), *monthly("--calibrate-on", "04", "05", "06"))
        as_ofs = monthly("--as-of", "04", "05", "06") if product == "segmentation" else learned
        version = ("--model-version", "0.1.0", "--pin-from", "2011-08-31")
        project.command("train", product, *as_ofs, *version, env=now)
    project.build(env={**now, "PREDICTION_AS_OF": AS_OF}, tests="all")
    return project


def monthly(option: str, *months: str) -> tuple[str, ...]:
    """The option for the first of each month of 2011."""
    return tuple(part for month in months for part in (option, f"2011-{month}-01"))


@pytest.mark.parametrize("product", ["churn", "clv"])
def test_bounds_keep_their_level(retail: Project, product: str) -> None:
    """On the 90 days before Christmas, which no calibration has seen: within three points.

    Calibration, too: churn comes closer to what happened than the raw scores at training did.
    """
    [(coverage, level, labels)] = retail.query(
        "select coverage, interval_level, labels_known from lake.operations.outcome_scores "
        f"where product = '{product}' and as_of = '{AS_OF}'"
    )
    assert labels == 3357
    assert abs(coverage - level) <= 0.03, coverage
    file = retail.folder / "python_scoring" / "artifacts" / product / "0.1.0" / "model.json"
    metrics = json.loads(file.read_text())["metrics"]
    if product == "churn":
        assert metrics["brier"] < metrics["before_calibration"]["brier"]
        assert metrics["log_loss"] < metrics["before_calibration"]["log_loss"]


def test_churn_ranks_customers(retail: Project) -> None:
    """On the 90 days that followed, the AUC is at least 0.735."""
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
    assert auc >= 0.735, auc


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
    words which features are not like those of the training.
    """
    folder = copy_of_project(tmp_path)
    pins = folder / "seeds" / "model_pins.csv"
    pins.write_text(pins.read_text().replace("2026-01-01", "2011-01-01"))
    project = Project(folder, retail.raw_data, tmp_path / "warehouse", tmp_path / "target")
    result = project.build(
        env={"PREDICTION_NOW": "", "PREDICTION_AS_OF": AS_OF}, tests="verdicts", check=False
    )
    assert result.returncode != 0
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
