"""Causes: which incidents are one failure, and which follow from it."""

from dataclasses import replace
from datetime import datetime, timedelta

from python_scoring.report.causes import causes_of
from python_scoring.report.headline import headline_of
from python_scoring.report.incidents import stories, summary
from python_scoring.report.page import render
from python_scoring.report.records import Incident, IncidentEvent
from tests.support.page import Page
from tests.unit.report.test_figures import CONTENTS, CONTRACT, SERVED

TUESDAY = datetime(2026, 11, 17, 7)
ORDERS = "The raw data cannot be used: table orders is missing. Repair the export."

BROKEN = Incident(
    incident_id="churn-source-broken-20261117",
    product="churn",
    cause="source_broken",
    severity="high",
    status="open",
    opened_at=TUESDAY,
    acknowledged_at=None,
    mitigated_at=None,
    resolved_at=None,
    reviewed_at=None,
    fallback_mode="last_known_good",
    as_of=None,
    served_as_of=datetime(2026, 11, 16),
    message=ORDERS,
)


def incident(product: str, cause: str, days: int, **changes: object) -> Incident:
    """An incident of a product and cause, opened so many days after the source broke."""
    opened_at = TUESDAY + timedelta(days=days)
    as_of = opened_at.replace(hour=0) - timedelta(days=1)
    made = replace(
        BROKEN,
        incident_id=f"{product}-{cause}-{days}",
        product=product,
        cause=cause,
        opened_at=opened_at,
        as_of=as_of,
        message=f"The slot {as_of.date()} was missed.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


WEEK = [
    BROKEN,
    *(replace(BROKEN, incident_id=f"{name}-source", product=name) for name in ("clv", "segments")),
    incident("churn", "sla_breach", 1, as_of=datetime(2026, 11, 17)),
    incident("churn", "sla_escalation", 4),
    incident("clv", "sla_breach", 6),
]


def test_a_broken_source_is_one_cause_with_its_consequences() -> None:
    [cause] = causes_of(WEEK)
    assert cause.title == "The raw data cannot be used"
    assert cause.products == ["churn", "clv", "segments"]
    assert [each.cause for each in cause.consequences] == [
        "sla_breach", "sla_breach", "sla_escalation",
    ]  # fmt: skip
    assert cause.consequences_told == (
        "Consequences: Churn and CLV missed a deadline; Churn missed so many that the way of "
        "working has to change."
    )
    assert (cause.severity, cause.status, cause.is_over) == ("high", "open", False)


def test_what_was_before_a_failure_does_not_follow_from_it() -> None:
    """A deadline missed before it, at the same instant, for an earlier slot, by another product."""
    before = incident("churn", "sla_breach", -1)
    at_once = incident("churn", "sla_breach", 0)
    others = incident("other", "sla_breach", 1)
    failed = incident("failing", "run_failed", 0, as_of=datetime(2026, 11, 17))
    earlier = incident(
        "failing", "sla_breach", 1, as_of=datetime(2026, 11, 16), message="It was missed."
    )
    found = causes_of([BROKEN, before, at_once, others, failed, earlier])
    assert len(found) == 6
    assert all(not cause.consequences for cause in found)


def test_what_came_after_the_end_of_a_failure_does_not_follow_from_it() -> None:
    over = replace(BROKEN, status="resolved", resolved_at=TUESDAY + timedelta(hours=1))
    breach = incident("churn", "sla_breach", 1)
    found = causes_of([over, breach])
    assert [cause.is_over for cause in found] == [False, True]


def test_an_escalation_without_another_failure_follows_from_missed_deadlines() -> None:
    breach, escalation = (incident("churn", cause, 2) for cause in ("sla_breach", "sla_escalation"))
    [cause] = causes_of([escalation, breach])
    assert (cause.incidents, cause.consequences) == ([breach], [escalation])


def test_the_first_sentence_names_the_cause() -> None:
    """Then where the products stand; the notes say it once."""
    stale = replace(SERVED, freshness="stale", age_hours=127.0)
    records = replace(CONTENTS, freshness=[stale], incidents=WEEK)
    headline = headline_of(records)
    assert headline.sentence == (
        "The raw data cannot be used since Tue 17 Nov, 07:00. Churn is stale."
    )
    assert headline.notes[0] == (
        "The raw data cannot be used: table orders is missing. Consequences: Churn and CLV missed "
        "a deadline; Churn missed so many that the way of working has to change."
    )
    assert len(headline.notes) == 1


def test_the_page_tells_each_cause_once() -> None:
    """One card with its consequences below it, and one bar in the picture."""
    events = [IncidentEvent(each.incident_id, "opened", each.opened_at, None, each.message)
              for each in WEEK]  # fmt: skip
    contracts = [replace(CONTRACT, product=name) for name in ("churn", "clv", "segments")]
    served = [replace(SERVED, product=contract.product) for contract in contracts]
    records = replace(
        CONTENTS, contracts=contracts, freshness=served, incidents=WEEK, events=events
    )
    [story] = stories(records)
    assert [each.incident_id for each in story.events] == [each.incident_id for each in events]
    assert story.consumers == (
        "Churn (as of Mon 16 Nov), CLV (as of Mon 16 Nov) and Segments (as of Mon 16 Nov): "
        "consumers get the last known good predictions."
    )
    assert summary(records) == "6 incidents of 1 cause in the last 90 days, 1 unresolved."
    page = Page(render(records))
    section = page.by_id("incidents")
    assert [each.text() for each in section.all("h3")] == [
        "Causes over time", "The raw data cannot be used",
    ]  # fmt: skip
    assert section.text().count("table orders is missing") == 1
    assert len([text for text in section.all("text") if "Source broken" in text.text()]) == 1
    consequences = [
        element for element in section.all("ul")
        if element.attributes.get("class") == "consequences"
    ]  # fmt: skip
    assert len(list(consequences[0].all("li"))) == 3
