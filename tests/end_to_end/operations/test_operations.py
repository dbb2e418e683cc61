"""Weeks of operation with a frozen clock: deadlines, incidents, duties, and permission to act."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Fresh
from tests.support.project import CHURN, CHURN_RUN, PRODUCTS, Project, copy_of_project

NEXT_DAY = "2026-11-24T07:00:00"


def incident(project: Project, cause: str) -> tuple[Any, ...]:
    """Id, severity and status of the newest incident of churn by this cause."""
    found = project.query(
        "select incident_id, severity, status from lake.operations.incidents "
        f"where product = 'churn' and cause = '{cause}' order by opened_at desc, incident_id desc"
    )
    return found[0] if found else ()


def events(project: Project) -> list[tuple[Any, ...]]:
    return project.query(
        "select incident_id, event from lake.operations.incident_events order by event_number"
    )


def review(folder: Path, **columns: str) -> None:
    """Append a row to seeds/incident_reviews.csv."""
    file = folder / "seeds" / "incident_reviews.csv"
    header = file.read_text().splitlines()[0].split(",")
    with file.open("a", newline="") as seed:
        csv.DictWriter(seed, header, lineterminator="\n").writerow(columns)


def with_a_broken_week(folder: Path) -> Path:
    """From the 4th to the 8th of November a model is pinned that nobody registered.

    Reviews are due after a day, so that the test needs few of them.
    """
    with (folder / "seeds" / "model_pins.csv").open("a") as pins:
        pins.write("churn,9.9.9,2026-11-04 00:00:00,ana,a typing error\n")
        pins.write("churn,1.0.3,2026-11-09 00:00:00,ana,taken back\n")
    contract = folder / "models" / "products" / "churn" / "_churn__models.yml"
    before = contract.read_text()
    sla = "sla: {owner: customer-analytics}"
    contract.write_text(before.replace(sla, sla.replace("}", ", review_within_days: 1}")))
    assert contract.read_text() != before
    return folder


def assert_everything_is_told_once(project: Project) -> None:
    """Each message once, to the owner of the product and to those of its consumers."""
    owners = ["business-intelligence", "crm", "customer-analytics"]
    told = project.query(
        "select incident_id, occasion, count(*), count(distinct notification_id), recipient "
        "from lake.operations.notification_messages group by all order by 1, 2, recipient"
    )
    assert [row[-1] for row in told] == owners * (len(told) // 3)
    assert {row[:-1] for row in told[::3]} == {row[:-1] for row in told}
    told = told[2::3]
    assert told == [
        ("churn-run-failed-20261104", "opened", 1, 1, "customer-analytics"),
        ("churn-run-failed-20261104", "overdue", 2, 2, "customer-analytics"),
        ("churn-run-failed-20261104", "resolved", 1, 1, "customer-analytics"),
        ("churn-run-failed-20261104", "severity_changed", 1, 1, "customer-analytics"),
        ("churn-sla-breach-20261104", "opened", 1, 1, "customer-analytics"),
        ("churn-sla-breach-20261104", "overdue", 2, 2, "customer-analytics"),
        ("churn-sla-breach-20261104", "resolved", 1, 1, "customer-analytics"),
        ("churn-sla-breach-20261104", "severity_changed", 1, 1, "customer-analytics"),
        ("churn-sla-escalation-20261105", "opened", 1, 1, "customer-analytics"),
        ("churn-sla-escalation-20261105", "overdue", 1, 1, "customer-analytics"),
        ("churn-sla-escalation-20261105", "resolved", 1, 1, "customer-analytics"),
    ]
    [(body,)] = project.query(
        "select distinct body from lake.operations.notification_messages "
        "where incident_id = 'churn-run-failed-20261104' and occasion = 'severity_changed'"
    )
    assert body.splitlines() == [
        "What happened: From medium to high: what consumers are served is stale.",
        (
            "Who is affected: analytics_dashboard (low criticality), "
            "marketing_automation (low criticality), retention_workflow (high criticality)."
        ),
        (
            "What they are served: the run as of 2026-11-02, 79.00 hours old and stale. "
            "By the contract they skip the action."
        ),
        "Since: 2026-11-04 07:00:00 UTC.",
        (
            "What to do: read the step that failed in lake.operations.step_log, repair it, "
            "and run dbt build again."
        ),
        "Incident: churn-run-failed-20261104, in lake.operations.incidents.",
    ]


@pytest.mark.slow
def test_a_missed_slot_a_broken_week_and_what_follows(fresh: Fresh, tmp_path: Path) -> None:
    """A daily slot is missed; the next five fail; three breaches escalate; the run is repaired; the
    responses, the review and a preventive action are owed, overdue and done. Nothing comes twice.
    """
    folder = with_a_broken_week(copy_of_project(tmp_path))
    project = fresh(empty=True, folder=folder)

    def at(instant: str, sql: str) -> list[tuple[Any, ...]]:
        return project.query(sql, at=instant)

    freshness = (
        "select freshness, action_allowed, action_blocked_reason "
        "from lake.operations.prediction_freshness where product = 'churn'"
    )

    def build(day: int, *, fails: bool) -> str:
        now = {"PREDICTION_NOW": f"2026-11-{day:02}T07:00:00"}
        models = CHURN_RUN if day > 2 else CHURN
        result = project.build(*models, env=now, tests="verdicts", check=False)
        assert (result.returncode != 0) == fails, result.stdout
        return result.stdout

    # Healthy, then a day without a build.
    build(2, fails=False)
    assert events(project) == []

    # The 3rd was missed, and the 4th fails: two incidents, both of consumers who still have a
    # usable run.
    console = build(4, fails=True)
    assert "Incident churn-sla-breach-20261104 (medium) opened: The slot 2026-11-03" in console
    assert "Incident churn-run-failed-20261104 (medium) opened: The run as of 2026-11-04" in console
    assert at("2026-11-04T08:00:00", freshness) == [("due", True, None)]
    assert project.query(
        "select cast(as_of as date)::text, kind, outcome, reason from lake.operations.sla_breaches"
    ) == [("2026-11-03", "slot", "open", "No build tried this slot.")]

    # The third breach (the 3rd, the 4th, and the age of what is served) escalates.
    console = build(5, fails=True)
    assert "churn-sla-escalation-20261105 (high) opened: 3 breaches of the SLA within 30" in console
    assert "churn-run-failed-20261104 (high) severity changed" in console
    [(state, allowed, reason)] = at("2026-11-05T08:00:00", freshness)
    assert (state, allowed) == ("stale", False)
    assert reason.startswith("The predictions are older than the 72 hours")
    assert "The incident churn-run-failed-20261104 of high severity is open" in reason
    assert at("2026-11-05T08:00:00", "select distinct freshness, action_allowed, "
              "action_blocked_reason from lake.marts.churn_predictions_v1") == [
        (state, allowed, reason)
    ]  # fmt: skip

    # Two more broken days and the same build again add breaches, and nothing else.
    before = events(project)
    build(7, fails=True)
    build(7, fails=True)
    assert [event for event in events(project) if event not in before] == []
    assert project.query(
        "select kind, count(*) from lake.operations.sla_breaches group by 1 order by 1"
    ) == [("age", 1), ("slot", 4)]

    # Repaired: everything is resolved, but the stakeholders should have been told by the 7th.
    console = build(9, fails=True)
    assert "FAIL 1 duties_are_done_quarantine_churn_churn" in console
    assert {incident(project, cause)[1:] for cause in ("sla_breach", "run_failed")} == {
        ("high", "resolved")
    }
    escalation = incident(project, "sla_escalation")
    assert escalation == ("churn-sla-escalation-20261105", "high", "resolved")
    assert at("2026-11-09T08:00:00", freshness) == [
        (
            "fresh",
            False,
            (
                "The escalation churn-sla-escalation-20261105 has waited for its "
                "stakeholder notification since 2026-11-07."
            ),
        )
    ]
    assert project.query(
        "select distinct outcome from lake.operations.sla_breaches where kind = 'slot'"
    ) == [("missed",)]

    # Answered: action is free again. The reviews are not due yet.
    review(folder, incident_id=escalation[0], action_kind="stakeholder_notification",
           root_cause="A pin was not tried.", preventive_action="Consumers were told.",
           done_on="2026-11-10")  # fmt: skip
    build(10, fails=False)
    assert incident(project, "sla_escalation")[2] == "reviewed"
    assert at("2026-11-10T08:00:00", freshness) == [("fresh", True, None)]

    # Two reviews are overdue: the job fails, consumers go on.
    console = build(11, fails=True)
    assert "FAIL 2 duties_are_done_quarantine_churn_churn" in console
    assert at("2026-11-11T08:00:00", freshness) == [("fresh", True, None)]

    # Written down, with an action that is promised by the 12th.
    for cause in ("run_failed", "sla_breach"):
        review(folder, incident_id=incident(project, cause)[0], root_cause="A pin was not tried.",
               preventive_action="Try pins in CI.", action_kind="preventive_action",
               action_owner="ana", due_on="2026-11-12")  # fmt: skip
    build(12, fails=False)
    assert project.query("select distinct status from lake.operations.incidents") == [("reviewed",)]
    console = build(13, fails=True)
    assert "FAIL 2 duties_are_done_quarantine_churn_churn" in console

    assert_everything_is_told_once(project)


def test_five_days_without_a_build(built: Project) -> None:
    """No job has run since: readers see stale predictions that must not be acted on."""

    def at(instant: str, sql: str) -> list[tuple[Any, ...]]:
        return built.query(sql, at=instant)

    mart = "select distinct freshness, action_allowed, action_blocked_reason from lake.marts."
    assert at("2026-11-23T08:00:00", f"{mart}churn_predictions_v1") == [("fresh", True, None)]
    too_old = "The predictions are older than the 72 hours that the contract allows."
    assert at("2026-11-28T08:00:00", f"{mart}churn_predictions_v1") == [("stale", False, too_old)]
    assert at("2026-11-28T08:00:00", f"{mart}clv_predictions_v1") == [("fresh", True, None)]
    assert at(
        "2026-11-28T08:00:00",
        "select product, freshness, served_as, action_allowed, overdue_hours, action_policy "
        "from lake.operations.prediction_freshness order by 1",
    ) == [
        ("churn", "stale", "last_known_good", False, 95, "skip"),
        ("clv", "fresh", "current", True, 0, "default_score"),
        ("segmentation", "fresh", "current", True, 0, "last_known_good"),
    ]


@pytest.mark.slow
def test_a_late_run_mitigates_and_the_next_in_time_resolves(fresh: Fresh) -> None:
    """A deadline is missed by an hour; the slot of the day after is in time."""
    project = fresh()
    console = project.build(*CHURN_RUN, env={"PREDICTION_NOW": "2026-11-24T10:00:00"}).stdout
    assert "churn-sla-breach-20261124 (medium) opened: The slot 2026-11-24" in console
    assert "churn-sla-breach-20261124 (medium) mitigated: The run as of 2026-11-24" in console
    breaches = (
        "select cast(as_of as date)::text, outcome, hours_late from lake.operations.sla_breaches"
    )
    assert project.query(breaches) == [("2026-11-24", "late", 1)]
    console = project.build(*CHURN_RUN, env={"PREDICTION_NOW": "2026-11-25T07:00:00"}).stdout
    assert "churn-sla-breach-20261124 (medium) resolved" in console
    assert project.query(
        "select product, slots, met, is_met from lake.operations.sla_attainment "
        "where window_days = 90 and product = 'churn'",
        at="2026-11-25T08:00:00",
    ) == [("churn", 2, 1, False)]


@pytest.mark.slow
def test_a_withdrawn_slot_past_its_deadline_fails_the_job(fresh: Fresh) -> None:
    """A run is withdrawn before its deadline: nothing failed, yet consumers wait."""
    project = fresh()
    [(run_id,)] = project.query(
        "select run_id from lake.operations.run_states where product = 'churn' and is_current"
    )
    project.dbt("run-operation", "withdraw_run", "--args",
                f"{{run_id: {run_id}, reason: wrong prices, by: ana}}",
                env={"PREDICTION_NOW": "2026-11-23T08:00:00"})  # fmt: skip
    late = {"PREDICTION_NOW": "2026-11-23T09:30:00"}
    result = project.build(*CHURN_RUN, env=late, tests="verdicts", check=False)
    assert result.returncode != 0
    assert "FAIL 1 sla_is_kept_quarantine_churn_churn" in result.stdout
    assert "Done. PASS=" in result.stdout
    assert "ERROR=1" in result.stdout
    assert project.query("select outcome, reason from lake.operations.sla_breaches") == [
        ("open", "withdrawn: wrong prices")
    ]
    project.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY})
    assert incident(project, "sla_breach")[2] == "resolved"


@pytest.mark.slow
def test_sources_that_cannot_be_read_are_an_incident(fresh: Fresh, tmp_path: Path) -> None:
    """The build ends before there is a plan; the owners hear of it; the next build resolves it."""
    project = fresh()
    raw = Project(project.folder, tmp_path / "nothing", project.warehouse, project.target)
    for _ in range(2):
        result = raw.build(env={"PREDICTION_NOW": NEXT_DAY}, check=False)
        assert result.returncode != 0
        assert "table orders is missing: expected" in result.stdout
    opened = project.query(
        "select product, severity, status, message from lake.operations.incidents order by 1"
    )
    assert [row[0] for row in opened] == list(PRODUCTS)
    assert {row[2] for row in opened} == {"open"}
    assert all("The raw data cannot be used: table" in row[3] for row in opened)
    assert project.query(
        "select recipient, count(*) from lake.operations.notification_messages "
        "group by 1 order by 1"
    ) == [("business-intelligence", 3), ("crm", 2), ("customer-analytics", 2), ("pricing", 1)]
    project.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY})
    assert incident(project, "source_broken")[2] == "resolved"


@pytest.mark.slow
def test_review_of_an_incident(fresh: Fresh, tmp_path: Path) -> None:
    """Acknowledged and resolved, twice in a row; wrong calls say what to do and change nothing."""
    project = fresh()
    raw = Project(project.folder, tmp_path / "nothing", project.warehouse, project.target)
    raw.build(check=False)
    name = "churn-source-broken-20261123"

    def echo(operation: str, arguments: str, *, check: bool = True) -> str:
        result = project.dbt("run-operation", operation, "--args", arguments, check=check)
        assert check or result.returncode != 0, result.stdout
        return result.stdout

    before = project.digest("lake.operations.incident_events")
    assert "lacks by. Call: dbt run-operation" in echo(
        "acknowledge_incident", f"{{incident_id: {name}}}", check=False
    )
    assert "resolve_incident lacks note: say why the incident is over" in echo(
        "resolve_incident", f"{{incident_id: {name}, by: ana}}", check=False
    )
    console = echo("resolve_incident", "{incident_id: nonsense, by: ana, note: why}", check=False)
    assert "there is no incident 'nonsense' in lake.operations.incidents. Those that are" in console
    assert f"{name}  medium, open" in console
    assert project.digest("lake.operations.incident_events") == before

    note = 'note: "it\'s the \\"export\\""'
    for expected in ("is acknowledged; it is closed by the next run", "is acknowledged already"):
        assert expected in echo("acknowledge_incident", f"{{incident_id: {name}, by: ana, {note}}}")
    for expected in ("is resolved: actions are no longer blocked", "is resolved already"):
        assert expected in echo("resolve_incident", f"{{incident_id: {name}, by: ana, {note}}}")
    assert project.query(
        "select event, message, recorded_by from lake.operations.incident_events "
        f"where incident_id = '{name}' order by event_number"
    )[1:] == [
        ("acknowledged", 'it\'s the "export"', "ana"),
        ("resolved", 'it\'s the "export"', "ana"),
    ]
    # What it knew is accounted for; what comes later is another incident.
    project.build(*CHURN_RUN)
    assert incident(project, "source_broken") == (name, "medium", "resolved")
    raw.build(check=False)
    assert incident(project, "source_broken") == (f"{name}-2", "medium", "open")


def test_operations_on_incidents_of_an_empty_warehouse(fresh: Fresh) -> None:
    """There is nothing to say of."""
    result = fresh(empty=True).dbt(
        "run-operation", "acknowledge_incident", "--args", "{incident_id: x, by: ana}", check=False
    )
    assert result.returncode != 0
    assert (
        "nothing was built in this warehouse; set WAREHOUSE, or run dbt build first."
        in result.stdout
    )


@pytest.mark.slow
def test_maintenance_changes_nothing_that_is_read(fresh: Fresh) -> None:
    """Files are merged and inlined rows written out; tables read the same, and builds go on."""
    project = fresh()
    tables = [
        "lake.operations.run_ledger",
        "lake.operations.output_checks",
        "lake.predictions.predictions_churn",
        "lake.features.feature_snapshots",
        "(select * exclude (age_hours) from lake.marts.churn_predictions_v1)",
    ]
    before = [project.digest(table) for table in tables]
    console = project.dbt("run-operation", "maintain_lake", "--args", "{keep_days: 1}").stdout
    assert "Files that no snapshot needs are deleted 1 days later." in console
    assert [project.digest(table) for table in tables] == before
    result = project.dbt(
        "run-operation", "maintain_lake", "--args", "{keep_days: soon}", check=False
    )
    assert "maintain_lake: keep_days is soon; expected a whole number of days" in result.stdout
    # The tests of the next build find nothing deleted from the append-only tables either.
    project.build(*CHURN, env={"PREDICTION_NOW": NEXT_DAY}, tests="all")


def test_consumers_are_found_downstream_with_their_criticality(
    fresh: Fresh, tmp_path: Path
) -> None:
    """An exposure of a model that reads two marts hears of both products; one that does not say how
    bad it is when its predictions are late is named.
    """
    folder = copy_of_project(tmp_path)
    consumers = folder / "models" / "consumers"
    (consumers / "_audience__models.yml").write_text(
        "models:\n  - name: audience\n    latest_version: 1\n    config: {access: public}\n"
        "    versions: [{v: 1}]\n"
    )
    (consumers / "audience_v1.sql").write_text(
        "select churn.customer_id from {{ ref('churn_predictions', v=1) }} as churn "
        "inner join {{ ref('clv_predictions', v=1) }} as clv using (customer_id)"
    )
    exposures = consumers / "_consumers__exposures.yml"
    exposures.write_text(
        exposures.read_text() + "  - name: mailing\n    maturity: low\n    type: application\n"
        "    owner: {email: mail@example.com}\n"
        "    depends_on:\n      - ref('audience', v=1)\n    config: {meta: {criticality: low}}\n"
    )
    project = fresh(folder=folder)
    project.build("--select", "product_consumers")
    assert project.query(
        "select product, consumer, owner from lake.operations.product_consumers order by 1, 2"
    ) == [
        ("churn", "analytics_dashboard", "business-intelligence"),
        ("churn", "mailing", "mail@example.com"),
        ("churn", "marketing_automation", "crm"),
        ("churn", "retention_workflow", "customer-analytics"),
        ("clv", "analytics_dashboard", "business-intelligence"),
        ("clv", "decision_engine", "pricing"),
        ("clv", "mailing", "mail@example.com"),
        ("segmentation", "analytics_dashboard", "business-intelligence"),
        ("segmentation", "marketing_automation", "crm"),
    ]
    exposures.write_text(exposures.read_text().replace("criticality: high", "criticality: very"))
    result = project.build("--select", "product_consumers", check=False)
    assert result.returncode != 0
    assert "exposure retention_workflow: config.meta.criticality is very; expected low" in (
        " ".join(result.stdout.split())
    )
