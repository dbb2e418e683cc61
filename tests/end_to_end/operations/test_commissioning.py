"""Commissioning: the first tries of somebody who connects data leave no debt, and stay visible."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.operations.test_review import with_a_limit_that_nothing_keeps
from tests.support.fixtures import NEXT_DAY, Fresh
from tests.support.project import CHURN, Project, copy_of_project

pytestmark = pytest.mark.slow

WARNING = "WARN 1 no_unresolved_quarantine_quarantine_churn_churn"
FAILURE = "FAIL 1 no_unresolved_quarantine_quarantine_churn_churn"
LATER = "2026-11-23T08:00:00"
READ = ("path:models/operations", "path:models/report")  # by status and report


def counts(project: Project) -> tuple[int, ...]:
    """Incidents, messages, breaches and duties of the warehouse."""
    tables = ("incidents", "notification_messages", "sla_breaches", "review_duties")
    [found] = project.query(
        f"select {', '.join(f'(from (select count(*) from lake.operations.{t}))' for t in tables)}"
    )
    return found


def churn_status(project: Project) -> dict[str, Any]:
    found = json.loads(project.command("status", "--json").stdout)
    [churn] = [each for each in found["products"] if each["product"] == "churn"]
    return dict(churn)


def test_a_quarantined_run_in_commissioning_is_no_debt(fresh: Fresh, tmp_path: Path) -> None:
    """It warns, and everything about it is stored; from a person's decision on it counts."""
    folder = with_a_limit_that_nothing_keeps(copy_of_project(tmp_path))
    project = fresh(empty=True, folder=folder)

    # Both builds end well, days apart: nothing opens, and nothing is late.
    for now in (None, "2026-11-23T12:00:00"):
        env = {"PREDICTION_NOW": now} if now else {}
        console = project.build(*CHURN, *READ, env=env, tests="verdicts").stdout
        assert WARNING in console
    assert counts(project) == (0, 0, 0, 0)
    assert project.query("select status, count(*) from lake.operations.run_ledger group by 1") == [
        ("started", 1), ("quarantined", 1),
    ]  # fmt: skip
    assert project.query(
        "select count(*) > 0 from lake.operations.output_checks"
        " where severity = 'block' and outcome = 'failed'"
    ) == [(True,)]
    status = churn_status(project)
    assert status["state"] == "in commissioning"
    assert "quarantined" in status["reason"]
    assert "customer-predictions fit --all" in status["next_step"]
    assert not status["action_allowed"]
    page = tmp_path / "report.html"
    project.command("report", "--out", str(page))
    assert "Churn, CLV and Segmentation are in commissioning." in page.read_text()

    # A person decides: the same run ends the job with a failure, but opens no incident.
    decide = ("commission", "churn", "--by", "ana", "--reason", "campaigns start")
    assert "is in service now" in project.command(*decide, env={"PREDICTION_NOW": LATER}).stdout
    assert "since 2026-11-23 08:00:00 UTC already: nothing to do" in project.command(*decide).stdout
    assert project.query("select product, commissioned_by from lake.operations.commissionings") == [
        ("churn", "ana")
    ]
    late = {"PREDICTION_NOW": "2026-11-23T08:30:00"}
    result = project.build(*CHURN, env=late, tests="verdicts", check=False)
    assert FAILURE in result.stdout
    assert counts(project) == (0, 0, 0, 0)

    # The next failure is an incident, and the deadline that nothing met is a breach.
    result = project.build(*CHURN, env={"PREDICTION_NOW": NEXT_DAY}, tests="verdicts", check=False)
    assert FAILURE in result.stdout
    assert project.query("select cause from lake.operations.incidents order by 1") == [
        ("blocking_drift",), ("sla_breach",),
    ]  # fmt: skip
    assert project.query("select product, state, commissioned_by from lake.operations."
                         "product_services order by 1") == [
        ("churn", "in service", "ana"),
        ("clv", "in commissioning", None),
        ("segmentation", "in commissioning", None),
    ]  # fmt: skip


def test_commissioning_needs_a_build_and_words(fresh: Fresh) -> None:
    project = fresh(empty=True)
    decide = ("commission", "churn", "--by", "ana", "--reason")
    result = project.command(*decide, "campaigns", check=False)
    assert result.returncode != 0
    assert "nothing was built in this warehouse" in result.stdout
    result = project.command(*decide, " ", check=False)
    assert result.returncode != 0
    assert "--reason is blank: say who commissions churn, and why." in result.stdout
