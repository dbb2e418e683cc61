"""Hooks record even if the views that they insert from are missing or outdated."""

from dataclasses import replace
from pathlib import Path

import duckdb

from python_scoring.warehouse import Warehouse
from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS

DAYS_LATER = {"PREDICTION_NOW": "2026-11-26T10:00:00"}


def test_a_first_build_that_stops_is_recorded(fresh: Fresh, tmp_path: Path) -> None:
    """Before any model has run: what stopped it is visible, and opens nothing in commissioning."""
    (tmp_path / "raw").mkdir()
    project = replace(fresh(empty=True), raw_data=tmp_path / "raw")
    console = project.build(check=False)
    assert console.returncode != 0
    assert "Nothing was built." in console.stdout
    assert project.query(
        "select product, status, is_last from lake.operations.attempts order by all"
    ) == [(product, "failed", True) for product in PRODUCTS]
    for table in ("incident_events", "notification_messages"):
        assert project.query(f"select count(*) from lake.operations.{table}") == [(0,)]
    status = project.command("status").stdout
    assert "[look] churn: in commissioning; serves nothing" in status
    assert "next: mend: The raw data cannot be used: table customers is missing" in status


def test_views_of_other_code_are_made_anew(fresh: Fresh) -> None:
    """A build of one model, after the code has changed, records what the present code says."""
    project = fresh()
    with duckdb.connect(str(Warehouse(project.warehouse).working_set)) as working_set:
        working_set.execute(
            "create or replace view operations.slot_outcomes as select 'x' as product"
        )
        working_set.execute("drop view operations.due_incident_events")
    project.build("--select", "pins_in_force", env=DAYS_LATER)
    assert project.query(
        "select as_of, outcome from lake.operations.sla_records where product = 'churn'"
        " and kind = 'slot' order by as_of"
    ) == project.query(
        "from (values (timestamp '2026-11-23', 'met'), (timestamp '2026-11-24', 'breached'),"
        " (timestamp '2026-11-25', 'breached'), (timestamp '2026-11-26', 'breached'))"
    )
    assert project.query(
        "select cause from lake.operations.incidents where product = 'churn' order by cause"
    ) == [("sla_breach",), ("sla_escalation",)]
