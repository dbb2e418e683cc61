"""Cards of the report next to the tables behind them, in a healthy month and in a bad week."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from python_scoring.report import formatting
from tests.end_to_end.report.test_page import report
from tests.support.fixtures import copy_warehouse
from tests.support.lake import write
from tests.support.page import Page
from tests.support.project import PRODUCTS, Project

pytestmark = pytest.mark.slow

AFTER_THE_MONTH = "2026-11-24T10:00:00"
BROKEN_DAYS = {"2026-11-25T07:00:00": "missing", "2026-11-26T07:00:00": "missing",
               "2026-11-27T07:00:00": "truncated", "2026-11-29T07:00:00": "truncated"}  # fmt: skip
AFTER_THE_WEEK = "2026-11-29T10:00:00"

# Four weeks of churn before the first build, each slot published an hour after its cutoff.
MONTH = (
    (
        "insert into lake.operations.run_ledger by name select ledger.* replace ("
        "ledger.entry - 1000 + 2 * days.day as entry, ledger.run_id || days.day as run_id,"
        " ledger.as_of - to_days(29 - days.day) as as_of,"
        " ledger.as_of - to_days(29 - days.day) + interval '7 hours' as recorded_at)"
        " from lake.operations.run_ledger as ledger cross join"
        " (select unnest(range(1, 29)) as day) as days"
        " where ledger.product = 'churn' and ledger.as_of = '2026-11-23'"
        " and ledger.status = 'published'"
    ),
    (
        "insert into lake.operations.sla_records by name select"
        " 1000 + day as entry, 'churn' as product, 'slot' as kind,"
        " timestamp '2026-11-23' - to_days(29 - day) as as_of,"
        " as_of + interval '9 hours' as deadline,"
        " 'met' as outcome, deadline as recorded_at"
        " from (select unnest(range(1, 29)) as day) as days"
    ),
)


def continued(project: Project, folder: Path) -> Project:
    copy_warehouse(project.warehouse, folder / "warehouse")
    return replace(project, warehouse=folder / "warehouse", target=folder / "target")


@pytest.fixture(scope="module")
def month(next_day: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four weeks in which every slot of churn was published in time."""
    project = continued(next_day, tmp_path_factory.mktemp("month"))
    write(project, *MONTH)
    return project


@pytest.fixture(scope="module")
def week(next_day: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A week in which orders are missing, then cut off; on one day nobody builds."""
    folder = tmp_path_factory.mktemp("week")
    raw = folder / "raw"
    raw.mkdir()
    for table in ("customers", "events"):
        (raw / f"{table}.parquet").symlink_to(next_day.raw_data / f"{table}.parquet")
    project = replace(continued(next_day, folder), raw_data=raw)
    whole = (next_day.raw_data / "orders.parquet").read_bytes()
    for now, state in BROKEN_DAYS.items():
        if state == "truncated":
            (raw / "orders.parquet").write_bytes(whole[: len(whole) // 2])
        result = project.dbt("run", env={"PREDICTION_NOW": now}, check=False)
        assert result.returncode != 0, result.stdout
    return project


def assert_cards_agree(project: Project, page: Page, now: str) -> None:
    """Every number of the cards is that of its table, and neighbours have the same."""
    at = now.replace("T", " ")
    slots = page.by_id("figure-slots").one("figcaption").text()
    rows = [
        [cell.text() for cell in row.all("td")]
        for row in page.by_id("figure-attainment").one("tbody").all("tr")
    ]
    judged_in_all = missed_in_all = 0
    for product in PRODUCTS:
        name = formatting.name(product)
        [(judged, met)] = project.query(
            "select count(*), count(*) filter (outcome = 'met') from lake.operations.sla_records"
            f" where product = '{product}' and kind = 'slot'"
        )
        judged_in_all, missed_in_all = judged_in_all + judged, missed_in_all + judged - met
        if judged:
            told = f"{name}: {met} of {formatting.plural(judged, 'slot')} in time"
            assert told in slots, slots
        assert [name, "90 days", str(met), str(judged)] in [row[:4] for row in rows]
        [(status, as_of)] = project.query(
            "select max_by(status, attempt), max_by(as_of, attempt) from lake.operations.attempts"
            f" where product = '{product}'"
        )
        card = page.by_id(f"now-{product}")
        text = next(
            article.text() for article in page.by_id("now").all("article") if card in article.all()
        )
        assert f"Last attempt {formatting.short_slot(as_of)}, {status}" in text
        for label, count in project.query(
            f"select label, count(*) from lake.marts.{product}_predictions_v1 group by 1", at=at
        ):
            assert f"{formatting.lower_name(label)} {count:,}" in text.lower()
    assert judged_in_all > 0
    breaches = project.query("select count(*) from lake.operations.sla_breaches", at=at)
    shown = [table for table in page.by_id("service-level").all("table")
             if "always" in table.attributes.get("class", "")]  # fmt: skip
    listed = sum(len(list(table.one("tbody").all("tr"))) for table in shown)
    assert breaches == [(listed,)]
    assert bool(listed) == bool(missed_in_all)
    incidents = project.query("select count(*) from lake.operations.incidents")
    section = page.by_id("incidents").text()
    counted = re.search(r"(\d+) incidents? of", section)
    assert incidents == [(int(counted[1]) if counted else 0,)]


def test_the_cards_of_a_healthy_month_agree(month: Project, tmp_path: Path) -> None:
    page = report(month, tmp_path / "report.html", AFTER_THE_MONTH)
    assert_cards_agree(month, page, AFTER_THE_MONTH)
    assert "Churn: 29 of 29 slots in time" in page.by_id("figure-slots").text()
    assert page.root.one("h1").text() == "● All three products are fresh."
    assert "No deadline was missed in the last 90 days." in page.by_id("service-level").text()


def test_the_cards_of_a_bad_week_agree_and_name_the_cause(week: Project, tmp_path: Path) -> None:
    """The first sentence names the source; each slot says that it was tried and what stopped it."""
    page = report(week, tmp_path / "report.html", AFTER_THE_WEEK)
    assert_cards_agree(week, page, AFTER_THE_WEEK)
    assert (
        page.root.one("h1")
        .text()
        .startswith("■ The raw data cannot be used since Wed 25 Nov, 07:00. Churn is stale.")
    )
    notes = next(page.root.all("header")).one("ul").text()
    assert notes.count("orders is missing") == 1
    assert "Churn missed a deadline" in notes
    incidents = page.by_id("incidents")
    assert [each.text() for each in incidents.all("h3")] == [
        "Causes over time", "The raw data cannot be used",
    ]  # fmt: skip
    reasons = dict(
        week.query(
            "select cast(as_of as date)::text, reason from lake.operations.sla_breaches"
            " where product = 'churn' and kind = 'slot'",
            at=AFTER_THE_WEEK,
        )
    )
    assert reasons["2026-11-25"].startswith("failed: The raw data cannot be used: table orders is")
    assert "orders.parquet" in reasons["2026-11-27"]
    assert reasons["2026-11-28"] == "No build tried this slot."
    assert "Last attempt Sun 29 Nov, failed" in page.by_id("now").text()
