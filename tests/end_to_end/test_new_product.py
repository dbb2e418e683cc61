"""A new product needs one command, a registry row and a pin, and no change in shared code."""

from pathlib import Path

import pytest

from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, copy_of_project
from tests.support.serving_database import Database

TEXTS = (
    *("--title", "Win-back value"),
    *("--meaning", "Expected revenue from a customer whom a campaign has won back."),
    *("--population", "Customers with a purchase in the 365 days before the as-of."),
    *("--intended-use", "customer_reporting"),
    *("--not-to-be-used-for", "Prices of single customers."),
    *("--known-limitations", "It knows nothing of what a campaign costs: see finance."),
    *("--uncertainty", "Nine of ten customers bring a revenue between their bounds."),
    *("--default-reason", "Spends nothing on a customer whose value is unknown."),
    *("--owner", "crm"),
)


@pytest.mark.slow
def test_a_new_product_builds_and_is_served_without_another_edit(
    fresh: Fresh, database: Database, tmp_path: Path
) -> None:
    """CONTRIBUTING's recipe: new-product, train, accept, build."""
    project = fresh(folder=copy_of_project(tmp_path))
    project.command("new-product", "winback", "--from", "clv", *TEXTS)
    as_ofs = ("--as-of", "2025-12-01", "--as-of", "2026-02-01")
    later = ("--calibrate-on", "2026-05-03", "--calibrate-on", "2026-05-31")
    version = ("--model-version", "1.0.0", "--pin-from", "2026-09-01")
    project.command("train", "winback", *as_ofs, *later, *version)
    project.command("contracts", "--accept")
    project.build(tests="all", env={"SERVING_DSN": database.dsn})
    states = dict(project.query("select product, status from lake.operations.run_states"))
    assert states == dict.fromkeys((*PRODUCTS, "winback"), "published")
    in_lake = project.query(
        "select customer_id, score from lake.marts.winback_predictions_v1 order by customer_id"
    )
    assert in_lake
    assert in_lake == database.run(
        "select customer_id, score from serving_data.winback_predictions_v1 order by customer_id"
    )
    ((meaning, owner),) = project.query(
        "select meaning, sla_owner from lake.operations.prediction_contracts "
        "where product = 'winback'"
    )
    assert meaning.strip() == "Expected revenue from a customer whom a campaign has won back."
    assert owner == "crm"

    project.command("contracts", "--out", str(tmp_path / "contracts"))
    contract = (tmp_path / "contracts" / "winback_predictions_v1.odcs.yaml").read_text()
    assert "It knows nothing of what a campaign costs: see finance." in contract
    page = tmp_path / "report.html"
    project.command("report", "--out", str(page))
    assert "winback" in page.read_text()
    project.dbt("docs", "generate")
    project.command("docs")
    docs = (project.target / "static_index.html").read_text()
    assert "Win-back value: one row per customer" in docs
