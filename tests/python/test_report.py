"""The report: one page that tells the truth, to everybody, without a network."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import Fresh, copy_warehouse
from project import PRODUCTS, Project

from python_scoring.errors import InputError
from python_scoring.project import PROJECT, read_manifest
from python_scoring.report import formatting, reasons, write_report
from python_scoring.report.challengers import comparison, outcomes
from python_scoring.report.checks import FAMILIES
from python_scoring.report.headline import headline_of
from python_scoring.report.page import render
from python_scoring.report.records import (
    Batch,
    Challenge,
    ChallengeOutcome,
    Contract,
    Freshness,
    LabelSize,
    Move,
    Reason,
    Records,
    Run,
)
from python_scoring.report.slots import slots_of
from python_scoring.warehouse import Warehouse, install_extensions

DAYS_LATER = "2026-11-28T07:00:00"
MARKUP = "<script>alert('</svg>')</script> & \"more\""
# Elements that have no end in HTML.
VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """An element of the page with what it holds."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    own_text: list[str] = field(default_factory=list)

    def all(self, tag: str = "") -> Iterator["Element"]:
        """The element and all within it, or those of one tag."""
        if tag in ("", self.tag):
            yield self
        for child in self.children:
            yield from child.all(tag)

    def one(self, tag: str) -> "Element":
        """The only element of a tag."""
        [found] = self.all(tag)
        return found

    def text(self) -> str:
        """All text, with single spaces."""
        parts = (" ".join(element.own_text) for element in self.all())
        return " ".join(" ".join(parts).split())


class Page(HTMLParser):
    """A parsed page; tags that are not closed in order are an error."""

    def __init__(self, html: str) -> None:
        """Parse at once."""
        super().__init__()
        self.html = html
        self.root = Element("root", {})
        self.open = [self.root]
        self.feed(html)
        assert self.open == [self.root], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Text belongs to the open element."""
        self.open[-1].own_text.append(data)

    def by_id(self, name: str) -> Element:
        """The only element of an id."""
        [found] = [element for element in self.root.all() if element.attributes.get("id") == name]
        return found


def report(project: Project, out: Path, now: str | None = None) -> Page:
    """The page that the command writes."""
    env = {"CODE_VERSION": "test"} | ({"PREDICTION_NOW": now} if now else {})
    project.command("report", "--out", str(out), env=env)
    return Page(out.read_text())


def write(project: Project, *statements: str) -> None:
    """Change the lake, as no reader can."""
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute(Warehouse(project.warehouse).attach_sql(read_only=False))
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def healthy(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """An hour after the first build."""
    return report(built, tmp_path_factory.mktemp("healthy") / "report.html")


@pytest.fixture(scope="module")
def broken(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Five days later: one more good build, one without raw data, one quarantined run of churn."""
    folder = tmp_path_factory.mktemp("broken")
    copy_warehouse(built.warehouse, folder / "warehouse")
    project = replace(built, warehouse=folder / "warehouse", target=folder / "target")
    churn = ("--select", "+path:models/products/churn")
    project.dbt("run", *churn, env={"PREDICTION_NOW": "2026-11-24T07:00:00"})
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


def test_every_picture_is_also_told_in_words(page: Page) -> None:
    """Each figure has a name, a sentence with figures, and its data as a table."""
    figures = list(page.root.all("figure"))
    assert len(figures) >= 1 + 6 * len(PRODUCTS)
    for figure in figures:
        picture = figure.one("svg")
        assert picture.attributes["role"] == "img"
        title, description = picture.attributes["aria-labelledby"].split()
        assert page.by_id(title).text() == figure.one("h3").text()
        sentence = figure.one("figcaption").text()
        assert re.search(r"\d", sentence), sentence
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


@pytest.mark.parametrize("scheme", [0, 1])
def test_words_can_be_read(scheme: int) -> None:
    """Every colour of words has a contrast of 4.5 to what is behind it, by day and by night."""
    css = (PROJECT / "python_scoring/report/templates/style.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", css.split(":root {")[1 + scheme]))
    for ink in ("ink", "muted", "good-ink", "warn-ink", "bad-ink"):
        for paper in ("page", "card"):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
    for tone in ("good", "warn", "bad"):
        assert contrast(colours[f"on-{tone}"], colours[tone]) >= 4.5, tone
        assert contrast(colours[tone], colours["card"]) >= 2, tone


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as the Web Content Accessibility Guidelines count it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# What the pages say


def test_a_healthy_morning(healthy: Page) -> None:
    """Everything is fresh: the page says so first, and then what is served."""
    assert healthy.root.one("h1").text() == "● All three products are fresh."
    assert healthy.root.one("head").one("title").text().startswith("All three products are fresh.")
    header = next(healthy.root.all("header")).text()
    assert "No incident is unresolved, and no duty is overdue." in header
    assert "Generated Mon 23 Nov 2026, 07:00 UTC (set by PREDICTION_NOW) from " in header
    assert "version test." in header
    now = healthy.by_id("now").text()
    assert now.count("Action allowed") == 3
    assert "7 hours old, at most 3 days Served Mon 23 Nov, current" in now
    assert "Owner crm" in now


def test_a_broken_morning(broken: Page) -> None:
    """The page says which product is stale and why, what is open, and what was missed."""
    headline = broken.root.one("h1").text()
    assert headline.startswith("■ Churn")
    assert "stale" in headline
    card = broken.by_id("now").text()
    assert "4 days 7 hours old, at most 3 days" in card
    assert "not allowed: skip the action The predictions are older than the 72 hours" in card
    assert "Thu 26 Nov, quarantined Thu 26 Nov, 07:05." in card
    incidents = broken.by_id("incidents").text()
    assert "source broken" in incidents
    assert "orders" in incidents
    slots = broken.by_id("figure-slots").one("figcaption").text()
    assert "Churn: 2 of 5 slots in time, 2 missed, 1 quarantined." in slots
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


def test_a_page_that_cannot_be_written_leaves_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers keep what they had, and no half page is left beside it."""
    out = tmp_path / "report.html"
    out.write_text("former")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("python_scoring.report.read_warehouse", lambda *_: CONTENTS)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match=r"report.html cannot be written: No space left"):
        write_report(out, 90)
    assert out.read_text() == "former"
    assert list(tmp_path.iterdir()) == [out]


# The words, from rows that no build has to make

NOW = datetime(2026, 11, 23, 7)
CONTRACT = Contract(
    "churn", "Leaves.", "probability", "daily", 0, 6, 3, 1.0, '{"labels": [{"name": "low"}]}', 100
)
SERVED = Freshness(
    product="churn",
    as_of=datetime(2026, 11, 23),
    run_id="r",
    model_version="1.0.0",
    age_hours=7.0,
    fresh_until=datetime(2026, 11, 24, 9),
    freshness="fresh",
    served_as="current",
    action_allowed=True,
    action_blocked_reason=None,
    action_policy="skip",
    default_score=0.5,
    max_age_hours=72,
    sla_owner="crm",
    last_attempt_as_of=datetime(2026, 11, 23),
    last_attempt_status="published",
    last_attempt_reason="67 checks passed",
    last_attempt_at=NOW,
)
CONTENTS = Records(
    now=NOW,
    is_clock_frozen=True,
    days=90,
    warehouse="here",
    code_version="test",
    contracts=[CONTRACT],
    freshness=[SERVED],
)


@pytest.mark.parametrize(
    ("changes", "tone", "sentence"),
    [
        ({}, "good", "Churn is fresh."),
        (
            {"freshness": "stale", "age_hours": 127.0},
            "bad",
            "Churn is stale: consumers get what is 5 days 7 hours old, and 3 days are allowed.",
        ),
        (
            {"freshness": "due", "age_hours": 34.0},
            "warn",
            "Churn is due: a newer run was expected by Tue 24 Nov, 09:00.",
        ),
        (
            {"served_as": "last_known_good", "last_attempt_status": "quarantined"},
            "warn",
            (
                "Churn is served from the last known good run: "
                "the attempt for Mon 23 Nov was quarantined."
            ),
        ),
        (
            {"as_of": None, "freshness": "never published", "last_attempt_status": None},
            "bad",
            "Churn was never published: nothing was tried yet.",
        ),
        (
            {"action_allowed": False, "action_blocked_reason": "An incident is open."},
            "bad",
            "Churn is fresh, but not to be acted on: An incident is open.",
        ),
    ],
)
def test_the_headline_names_the_trouble(
    changes: dict[str, object], tone: str, sentence: str
) -> None:
    served = replace(SERVED, **changes)  # type: ignore[arg-type]
    headline = headline_of(replace(CONTENTS, freshness=[served]))
    assert (headline.tone, headline.sentence) == (tone, sentence)


def test_challengers_are_told_in_words() -> None:
    """How far they agree with the champion, or why they failed; nothing where there is none."""
    assert comparison(CONTENTS, CONTRACT) is None
    scored = Challenge(
        product=CONTRACT.product,
        as_of=datetime(2026, 11, 23),
        champion_version="1.0.0",
        challenger_version="2.0.0",
        status="scored",
        reason=None,
        customers=2565,
        label_agreement=0.93,
        rank_agreement=0.91,
        top_decile_in_common=0.8,
        mean_difference=-0.031,
        psi=0.12,
        kolmogorov_smirnov=0.09,
    )
    failed = replace(scored, challenger_version="2.1.0", status="failed", reason="it broke")
    records = replace(CONTENTS, challenges=[scored, failed])
    told = comparison(records, CONTRACT)
    assert told is not None
    assert told.sentences == [
        (
            "Mon 23 Nov: 2.0.0 agrees with 1.0.0 on 93.0% of labels, shares 80.0% of the highest "
            "tenth and scores 0.03 lower on average."
        ),
        "Mon 23 Nov: 2.1.0 failed: it broke.",
    ]
    assert told.table.rows[0][3] == "2,565"
    assert 'id="challengers-churn"' in render(records)


CAME = ChallengeOutcome(
    product=CONTRACT.product,
    as_of=datetime(2026, 8, 10),
    champion_version="1.0.0",
    challenger_version="2.0.0",
    labels_known=2565,
    champion_auc=0.81,
    challenger_auc=0.79,
    champion_brier=0.171,
    challenger_brier=0.16,
    champion_mae=None,
    challenger_mae=None,
    champion_bias=None,
    challenger_bias=None,
    champion_spearman=None,
    challenger_spearman=None,
    champion_calibration_gap=0.2,
    challenger_calibration_gap=None,
)


def test_what_came_of_challengers_is_told_in_words() -> None:
    """Which foretold better, by which figure, over how many; each model has a row of figures."""
    assert outcomes(CONTENTS, CONTRACT) is None
    few = replace(CAME, challenger_version="2.1.0", labels_known=99)
    records = replace(CONTENTS, challenge_outcomes=[CAME, few])
    told = outcomes(records, CONTRACT)
    assert told is not None
    assert told.sentences == [
        (
            "Mon 10 Aug, 2,565 customers with a known outcome: 2.0.0 foretold better than 1.0.0 by "
            "Brier score (0.160 against 0.171) and ranked worse by AUC (0.790 against 0.810)."
        ),
        (
            "Mon 10 Aug, 99 customers with a known outcome: no verdict on 2.1.0 and 1.0.0, because "
            "of fewer than 100 they differ by chance."
        ),
    ]
    assert told.table.columns[3:] == ("Outcomes known", "Brier score", "AUC", "Calibration gap")
    assert told.table.rows[:2] == [
        ("2.0.0", "challenger", "Mon 10 Aug 2026", "2,565", "0.160", "0.790", formatting.NOTHING),
        ("1.0.0", "champion", "Mon 10 Aug 2026", "2,565", "0.171", "0.810", "0.200"),
    ]
    # There is no run of late with a challenger: what came is told all the same.
    page = Page(render(records))
    assert told.sentences[0] in page.by_id("challengers-churn").text()


def test_what_came_of_estimates_is_told_by_their_error() -> None:
    """In the unit of the score; figures that look the same are called equal."""
    estimates = replace(CONTRACT, valid_maximum=1e6)
    values = {name: None for name in vars(CAME) if name.endswith(("auc", "brier"))}
    came = replace(CAME, **values, champion_mae=166.4, challenger_mae=166.3)  # type: ignore[arg-type]
    same = replace(came, champion_spearman=0.5, challenger_spearman=0.6)
    told = outcomes(replace(CONTENTS, challenge_outcomes=[same]), estimates)
    assert told is not None
    assert told.sentences == [
        (
            "Mon 10 Aug, 2,565 customers with a known outcome: 2.0.0 foretold as well as 1.0.0 by "
            "mean absolute error (166 both) and ranked better by rank correlation "
            "(0.600 against 0.500)."
        )
    ]
    worse = replace(came, challenger_mae=180.0, champion_spearman=0.5)
    told = outcomes(replace(CONTENTS, challenge_outcomes=[worse]), estimates)
    assert told is not None
    assert told.sentences[0].endswith(
        "2.0.0 foretold worse than 1.0.0 by mean absolute error (180 against 166)."
    )


def test_the_headline_of_several_products() -> None:
    """The worst first, the fresh ones last; with more than one trouble the reasons come below."""
    stale = replace(SERVED, product="clv", freshness="stale", age_hours=400.0, max_age_hours=336)
    due = replace(SERVED, product="segmentation", freshness="due")
    one = headline_of(replace(CONTENTS, freshness=[SERVED, stale]))
    assert one.sentence == (
        "CLV is stale: consumers get what is 16 days 16 hours old, and 14 days are allowed. "
        "Churn is fresh."
    )
    two = headline_of(replace(CONTENTS, freshness=[SERVED, stale, due]))
    assert two.sentence == "CLV is stale. Segmentation is due. Churn is fresh."
    assert two.notes[0].startswith("CLV: consumers get what is 16 days")


def test_names_cannot_bring_markup_into_pictures() -> None:
    """A product, label or owner with markup in its name is drawn and written as it is called."""
    is_served = True
    batch = Batch("r", MARKUP, NOW, "published", is_served, "1.0.0", 10, 0.5, 0.1, 0.5, 0.9)
    labels = json.dumps({"labels": [{"name": MARKUP}]})
    records = replace(
        CONTENTS,
        contracts=[replace(CONTRACT, product=MARKUP, meaning=MARKUP, contract_json=labels)],
        freshness=[replace(SERVED, product=MARKUP, sla_owner=MARKUP)],
        runs=[Run("r", MARKUP, datetime(2026, 11, 23), "published", MARKUP, NOW, 1, is_served)],
        batches=[batch],
        label_sizes=[LabelSize("r", MARKUP, 10)],
        moves=[Move("r", MARKUP, "q", MARKUP, MARKUP, 10)],
    )
    page = Page(render(records))
    assert "<script" not in page.html
    assert len(list(page.root.all("figure"))) == 4
    drawn = [text.text() for text in page.root.all("text")]
    assert drawn.count(MARKUP) == 3  # the product's strip; the label before and now
    assert MARKUP in page.root.one("h1").text()


def test_reasons_are_told_by_importance_and_direction() -> None:
    """The strongest feature first, by the mean contribution; shares are of the customers read."""

    def reason(feature: str, *counted: float) -> Reason:
        return Reason("r", "churn", datetime(2026, 11, 23), feature, 200, *counted)  # type: ignore[arg-type]

    rare = reason("return_rate", 0, 10, 0, 4.0, 0.0)
    strong = reason("recency_days", 150, 80, 110, 60.0, -40.0)
    records = replace(CONTENTS, reasons=[rare, strong])
    figure = reasons.figure(records, CONTRACT)
    assert figure
    assert figure.sentence == (
        "Mon 23 Nov, 200 customers with reasons: recency days raises the score of 40% of them and "
        "lowers that of 55%. Most often the first reason: recency days (75%)."
    )
    assert list(figure.table.rows) == [
        ("Recency days", "0.500", "40%", "55%", "75%"),
        ("Return rate", "0.020", "5%", "0%", "0%"),
    ]
    assert [key.meaning for key in figure.legend] == ["raises the score", "lowers the score"]
    assert reasons.figure(CONTENTS, CONTRACT) is None

    segments = replace(CONTRACT, contract_json='{"score_type": "segment"}')
    of_segments = reasons.figure(replace(CONTENTS, reasons=[replace(strong, lowered=0)]), segments)
    assert of_segments
    assert "recency days speaks for the segment of 40% of them." in of_segments.sentence
    assert [key.meaning for key in of_segments.legend] == ["speaks for the segment"]


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


def test_the_outcome_of_a_slot() -> None:
    """Served, failed, withdrawn, missed, or not due yet; the served revision decides."""

    def run(day: int, status: str, entry: int, *, is_served: bool = False) -> Run:
        as_of = datetime(2026, 11, day)
        return Run(f"{day} {entry}", "churn", as_of, status, None, as_of, entry, is_served)

    runs = [
        run(16, "published", 1, is_served=True),
        run(16, "failed", 9),
        run(17, "quarantined", 2),
        run(18, "failed", 3),
        run(18, "published", 4, is_served=True),
        run(19, "withdrawn", 5),
        run(21, "crashed", 6),
    ]
    slots = slots_of(replace(CONTENTS, runs=runs))
    assert [(slot.as_of.day, slot.outcome) for slot in slots] == [
        (16, "published in time"),
        (17, "quarantined"),
        (18, "published in time"),
        (19, "withdrawn"),
        (20, "missed"),
        (21, "crashed"),
        (22, "missed"),
        (23, "waiting"),
    ]
    later = replace(CONTENTS, runs=runs, now=NOW + timedelta(hours=3))
    assert slots_of(later)[-1].outcome == "missed"


def test_every_check_has_a_family() -> None:
    """The heat map sorts checks as the files of findings in macros/ do."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    families = {family: set(checks) for family, checks in FAMILIES.items()}
    assert {check for found in families.values() for check in found} == set(
        project["vars"]["default_checks"]
    )
    for family, found in families.items():
        [file] = (PROJECT / "macros").glob(f"*/{family.rstrip('s')}*_findings.sql")
        assert found == {check for check in found if f"'{check}'" in file.read_text()}, family


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (formatting.hours(0), "0 minutes"),
        (formatting.hours(0.5), "30 minutes"),
        (formatting.hours(25), "1 day 1 hour"),
        (formatting.hours(72), "3 days"),
        (formatting.hours(-1), "0 minutes"),
        (formatting.percent(1), "100%"),
        (formatting.percent(0.99999), ">99.9%"),
        (formatting.percent(0.0001, 0), "<1%"),
        (formatting.percent(0), "0%"),
        (formatting.percent(0.985), "98.5%"),
        (formatting.name("at_risk"), "At risk"),
        (formatting.name("clv"), "CLV"),
        (formatting.listing(["a", "b", "c"]), "a, b and c"),
        (formatting.slot(datetime(2026, 11, 3)), "Tue 3 Nov 2026"),
        (formatting.slot(datetime(2026, 11, 3, 6, 5)), "Tue 3 Nov 2026, 06:05"),
        (formatting.slug("a b/<c>"), "a-b-c"),
    ],
)
def test_words(told: str, expected: str) -> None:
    assert told == expected


def test_the_dbt_docs_lead_to_the_report(built: Project) -> None:
    """Their first page introduces the project and links what `make docs` writes beside it."""
    overview = read_manifest(built.target)["docs"]["doc.customer_predictions.__overview__"]
    assert "[the report](report.html)" in overview["block_contents"]
    assert "--out target/report.html" in (PROJECT / "Makefile").read_text()
