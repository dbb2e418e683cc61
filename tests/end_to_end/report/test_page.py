"""The report: one page that tells the truth, to everybody, without a network."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from python_scoring.errors import InputError
from python_scoring.project import PROJECT, read_manifest
from python_scoring.report import formatting, write_report
from tests.support.fixtures import Fresh, copy_warehouse
from tests.support.lake import write
from tests.support.page import MARKUP, Page
from tests.support.project import PRODUCTS, Project

DAYS_LATER = "2026-11-28T07:00:00"


def report(project: Project, out: Path, now: str | None = None) -> Page:
    """The page that the command writes."""
    env = {"CODE_VERSION": "test"} | ({"PREDICTION_NOW": now} if now else {})
    project.command("report", "--out", str(out), env=env)
    return Page(out.read_text())


@pytest.fixture(scope="module")
def healthy(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """An hour after the first build."""
    return report(built, tmp_path_factory.mktemp("healthy") / "report.html")


@pytest.fixture(scope="module")
def broken(next_day: Project, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Five days later: one more good build, one without raw data, one quarantined run of churn."""
    folder = tmp_path_factory.mktemp("broken")
    copy_warehouse(next_day.warehouse, folder / "warehouse")
    project = replace(next_day, warehouse=folder / "warehouse", target=folder / "target")
    (folder / "raw").mkdir()
    without_data = {"PREDICTION_NOW": "2026-11-25T07:00:00", "RAW_DATA": str(folder / "raw")}
    assert project.dbt("run", env=without_data, check=False).returncode != 0
    reason = MARKUP.replace("'", "''")
    write(
        project,
        "insert into lake.operations.run_ledger by name select * replace ("
        "entry + 1000 as entry, 'quarantined run' as run_id, 'quarantined' as status, "
        f"timestamp '2026-11-26' as as_of, '{reason}' as reason, "
        "timestamp '2026-11-26 07:05:00' as recorded_at) "
        "from lake.operations.run_ledger "
        "where product = 'churn' and status = 'published' and as_of = '2026-11-24'",
        "update lake.operations.output_checks set "
        f"outcome = 'failed', severity = 'warn', message = '{reason}' "
        "where product = 'churn' and check_name = 'coverage'",
    )
    return report(project, folder / "report.html", DAYS_LATER)


@pytest.fixture(params=["healthy", "broken"])
def page(request: pytest.FixtureRequest) -> Page:
    """Each of the two pages."""
    found: Page = request.getfixturevalue(request.param)
    return found


# What every page has


def test_every_picture_has_a_description(page: Page) -> None:
    """Each figure has a name, a sentence with figures, and its data as a table."""
    figures = list(page.root.all("figure"))
    assert len(figures) >= 1 + 6 * len(PRODUCTS)
    for figure in figures:
        sentence = figure.one("figcaption").text()
        assert re.search(r"\d", sentence), sentence
        for picture in figure.all("svg"):  # none of a single batch
            assert picture.attributes["role"] == "img"
            title, description = picture.attributes["aria-labelledby"].split()
            assert page.by_id(title).text() == figure.one("h3").text()
            assert page.by_id(description).text() == sentence
        table = next(iter(list(figure.all("table"))[::-1]))
        columns = [column.text() for column in table.one("thead").all("th")]
        lines = list(table.one("tbody").all("tr"))
        assert lines
        for line in lines:
            assert len(list(line.all("td"))) == len(columns)


def test_nothing_is_loaded(page: Page) -> None:
    """The page links to itself only, runs nothing, and forbids the browser the rest."""
    assert not list(page.root.all("script"))
    for element in page.root.all():
        for name, value in element.attributes.items():
            assert "//" not in value or element.tag == "time", value
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href", "data", "action"):
                assert value.startswith("#") or value == "data:,"
            for target in re.findall(r"url\((.*?)\)", value):
                assert target.startswith("#")
    style = page.root.one("style").text()
    assert "url(" not in style
    assert "@import" not in style
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page.html)
    assert policy.startswith("default-src 'none'")


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    """Within pictures too, of which each brings ids of its own."""
    ids = [e.attributes["id"] for e in page.root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = re.findall(r'(?:href="|url\()#([^")]+)', page.html)
    labels = re.findall(r'aria-labelledby="([^"]*)"', page.html)
    assert {*links, *" ".join(labels).split()} <= set(ids)


def test_headings_are_in_order(page: Page) -> None:
    """One first heading, and no level is left out; each product has a section of its own."""
    levels = [int(e.tag[1]) for e in page.root.all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    for product in PRODUCTS:
        section = page.by_id(f"product-{product}")
        assert section.one("h2").text().startswith(formatting.name(product))
        assert len(list(section.all("figure"))) >= 5


def test_colours_come_from_the_page(page: Page) -> None:
    """Pictures use the page's variables, so that they follow it into the dark."""
    colours = {
        element.attributes[name]
        for picture in page.root.all("svg")
        for element in picture.all()
        for name in ("fill", "stroke")
        if name in element.attributes
    }
    declared = set(re.findall(r"(--[\w-]+):", page.root.one("style").text()))
    assert colours - {"none", "transparent"} <= {f"var({name})" for name in declared}


# What the pages say


def test_page_of_a_healthy_day(healthy: Page) -> None:
    """Everything is fresh: the page says so first, and then what is served."""
    assert healthy.root.one("h1").text() == "● All three products are fresh."
    assert healthy.root.one("head").one("title").text().startswith("All three products are fresh.")
    header = next(healthy.root.all("header")).text()
    assert "No incident is unresolved, and no duty is overdue." in header
    assert "Generated Mon 23 Nov 2026, 07:00 UTC (set by PREDICTION_NOW) from " in header
    assert "version test." in header
    now = healthy.by_id("now").text()
    assert now.count("Action allowed") == 3
    assert "7 hours old, at most 3 days Customers High" in now
    assert "Served Mon 23 Nov, current" in now
    assert "Owner crm" in now


def test_page_of_a_day_with_failures(broken: Page) -> None:
    """The page says which product is stale and why, what is open, and what was missed."""
    headline = broken.root.one("h1").text()
    assert headline.startswith("■ The raw data cannot be used since Wed 25 Nov, 07:00. Churn is")
    assert "stale" in headline
    card = broken.by_id("now").text()
    assert "4 days 7 hours old, at most 3 days" in card
    assert "not allowed: skip the action The predictions are older than the 72 hours" in card
    assert "Thu 26 Nov, quarantined Thu 26 Nov, 07:05." in card
    incidents = broken.by_id("incidents").text()
    assert "source broken" in incidents
    assert "orders" in incidents
    slots = broken.by_id("figure-slots").one("figcaption").text()
    assert "Churn: 2 of 2 slots in time, 3 not published and not judged by a build yet" in slots
    attainment = broken.by_id("figure-attainment").one("figcaption").text()
    assert "target 99.0%" in attainment
    moved = broken.by_id("figure-churn-migrations").one("figcaption").text()
    assert re.match(r"Tue 24 Nov: \d\d\.\d% of the \d+ customers in both batches kept", moved)


def test_names_and_messages_cannot_bring_markup(broken: Page) -> None:
    """A reason from the ledger and a check's message are words on the page, nothing else."""
    assert "<script" not in broken.html
    assert MARKUP in broken.by_id("now").text()
    assert MARKUP in broken.by_id("figure-churn-checks").text()


def test_the_same_warehouse_and_clock_give_the_same_bytes(
    healthy: Page, built: Project, tmp_path: Path
) -> None:
    """Nothing on the page depends on when, or how often, it was written."""
    assert report(built, tmp_path / "again.html").html == healthy.html


# Errors


def test_errors_say_what_to_do(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's mistakes: no warehouse, one of another version, nowhere to write to."""
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="nothing was built in this warehouse"):
        write_report(tmp_path / "report.html", 90)

    project = fresh()
    monkeypatch.setenv("WAREHOUSE", str(project.warehouse))
    with pytest.raises(InputError, match=r"missing does not exist; create it first"):
        write_report(tmp_path / "missing" / "report.html", 90)
    with pytest.raises(InputError, match="is a folder; expected the name of a file"):
        write_report(tmp_path, 90)

    write(project, "drop view lake.operations.prediction_freshness")
    with pytest.raises(InputError, match=r"prediction_freshness.*Run `dbt build` once"):
        write_report(tmp_path / "report.html", 90)
    ended = project.command("report", "--out", str(tmp_path / "report.html"), check=False)
    assert ended.returncode == 1
    assert ended.stdout.startswith("Error: ")
    assert not list(tmp_path.glob("*report*"))


def test_reasons_come_from_what_is_stored(healthy: Page, built: Project) -> None:
    """The picture counts the reason codes of the served run, as a query on them does."""
    [(first,)] = built.query(
        "select count(*) filter (reason_codes ->> '$[0].feature' = 'recency_days') / count(*) "
        "from lake.marts.churn_predictions_v1"
    )
    caption = healthy.by_id("figure-churn-reasons").one("figcaption").text()
    assert f"recency days ({formatting.percent(first, 0)})" in caption
    for product in PRODUCTS:
        assert healthy.by_id(f"figure-{product}-reasons").one("table")


def test_the_dbt_docs_lead_to_the_report(built: Project) -> None:
    """Their first page introduces the project and links what `make docs` writes beside it."""
    overview = read_manifest(built.target)["docs"]["doc.customer_predictions.__overview__"]
    assert "[the report](report.html)" in overview["block_contents"]
    assert "--out target/report.html" in (PROJECT / "Makefile").read_text()
