"""Status in the terminal: one line per product, and what to do next."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from python_scoring.cli.main import commands
from python_scoring.report.records import Freshness
from python_scoring.report.status import ProductStatus, Status, status_of, to_text

SERVED: dict[str, Any] = {
    "product": "churn",
    "as_of": datetime(2026, 11, 28),
    "run_id": "147fe5",
    "model_version": "1.0.3",
    "age_hours": 30.0,
    "fresh_until": datetime(2026, 11, 30, 9),
    "freshness": "fresh",
    "served_as": "current",
    "action_allowed": True,
    "action_blocked_reason": None,
    "action_policy": "skip",
    "default_score": None,
    "max_age_hours": 72,
    "overdue_hours": 0.0,
    "sla_owner": "customer-analytics",
    "last_attempt_as_of": datetime(2026, 11, 28),
    "last_attempt_status": "published",
    "last_attempt_reason": None,
    "last_attempt_at": datetime(2026, 11, 28, 7),
    "in_service_since": datetime(2026, 11, 1, 7),
}


def status(**changes: Any) -> ProductStatus:
    """The status of a product with these values."""
    names = Freshness.__dataclass_fields__
    values: dict[str, Any] = {**SERVED, **changes}
    return status_of(Freshness(**{name: values[name] for name in names}), "147fe5")


def said(**changes: Any) -> str:
    """The status of one product in words, and no incident or duty."""
    return to_text(Status([status(**changes)], [], []))


def test_a_fresh_product_needs_nothing() -> None:
    assert said().splitlines() == [
        "[ok  ] churn: fresh; serves as of 2026-11-28, model 1.0.3",
        "no incident is unresolved",
        "no duty is open",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"as_of": None, "freshness": "never published", "last_attempt_status": None},
            "serves nothing\n       why: nothing was tried yet.\n       next: dbt build\n",
        ),
        (
            {"freshness": "due"},
            "why: a newer run was expected by Mon 30 Nov, 09:00.\n       next: dbt build\n",
        ),
        (
            {"freshness": "due", "last_attempt_status": "quarantined"},
            "next: read why in lake.predictions.quarantine_churn, then release_run or ",
        ),
        (
            {"freshness": "due", "last_attempt_status": "failed", "last_attempt_reason": "no disk"},
            "next: mend: no disk. Then dbt build",
        ),
        (
            {"freshness": "due", "last_attempt_status": "started"},
            "next: wait for the build that runs; where none does, dbt build",
        ),
        (
            {
                "in_service_since": None,
                "as_of": None,
                "freshness": "never published",
                "last_attempt_status": "quarantined",
            },
            (
                "[look] churn: in commissioning; serves nothing\n"
                "       why: the attempt for Sat 28 Nov was quarantined.\n"
                "       next: read why in lake.predictions.quarantine_churn, then fit a model of "
                "your own (customer-predictions fit --all), release_run or republish 147fe5\n"
            ),
        ),
        (
            {"action_allowed": False, "action_blocked_reason": "An incident is open."},
            "[act ] churn: fresh, no action; serves as of 2026-11-28",
        ),
    ],
)
def test_the_next_step_follows_from_the_state(changes: dict[str, Any], expected: str) -> None:
    assert expected in said(**changes)


def test_one_cause_of_several_products_is_told_once() -> None:
    """A broken file fails all of them; what differs, such as an instant, is said of each."""
    broken = {
        "freshness": "due",
        "last_attempt_status": "failed",
        "last_attempt_reason": "data/raw/orders.parquet cannot be read: it is empty. More words.",
    }
    lines = to_text(
        Status([status(**broken), status(**broken, product="clv", as_of=None)], [], [])
    ).splitlines()
    assert lines[2] == (
        "       next: mend: data/raw/orders.parquet cannot be read: it is empty. Then dbt build"
    )
    assert lines[3] == "[act ] clv: never published; serves nothing"
    assert lines[4:6] == [
        "       why: the attempt for Sat 28 Nov failed.",
        "       next: as for churn",
    ]


def test_incidents_and_duties_are_listed_up_to_five_each() -> None:
    incidents = [
        {"incident_id": f"churn-{number}", "severity": "high", "status": "open"}
        for number in range(7)
    ]
    duty = {
        "incident_id": "churn-0",
        "duty": "review",
        "subject": None,
        "is_overdue": True,
        "due_on": "2026-11-20",
    }
    text = to_text(Status([], incidents, [duty]))
    assert text.count("incident churn-") == 5
    assert "and 2 further incidents: customer-predictions report" in text
    assert "review of churn-0, overdue since 2026-11-20: a row in seeds/" in text


def test_before_the_first_build_the_way_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", str(tmp_path))
    result = CliRunner().invoke(commands, ["status"])
    assert result.exit_code == 0
    assert "Next: customer-predictions check-data" in result.output
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(commands, ["status", "--json"]).output == "null\n"
