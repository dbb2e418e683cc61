"""Report: its figures and sentences, from made-up records."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from python_scoring.errors import InputError
from python_scoring.project import PROJECT
from python_scoring.report import formatting, labels, reasons, write_report
from python_scoring.report.challengers import comparison, outcomes
from python_scoring.report.checks import FAMILIES
from python_scoring.report.headline import headline_of
from python_scoring.report.page import render
from python_scoring.report.records import (
    Attempt,
    Batch,
    Challenge,
    ChallengeOutcome,
    Contract,
    Deadline,
    Freshness,
    LabelSize,
    Move,
    Reason,
    Records,
    Run,
)
from python_scoring.report.slots import figure as slots_figure
from python_scoring.report.slots import slots_of
from tests.support.page import MARKUP, Page


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_enough_contrast(scheme: int) -> None:
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
    "churn", "Leaves.", "probability", "daily", 0, 6, 9, 1.0, '{"labels": [{"name": "low"}]}', 100
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
    in_service_since=datetime(2026, 11, 1, 7),
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
def test_the_headline_names_the_problem(
    changes: dict[str, object], tone: str, sentence: str
) -> None:
    served = replace(SERVED, **changes)  # type: ignore[arg-type]
    headline = headline_of(replace(CONTENTS, freshness=[served]))
    assert (headline.tone, headline.sentence) == (tone, sentence)


def test_challengers_are_described_in_sentences() -> None:
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


def test_outcomes_of_challengers_are_described_in_sentences() -> None:
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


def test_outcomes_of_estimates_are_described_by_their_error() -> None:
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
    declared = json.dumps({"labels": [{"name": MARKUP}]})
    batches = [batch, replace(batch, run_id="q", as_of=NOW - timedelta(days=1))]
    records = replace(
        CONTENTS,
        contracts=[replace(CONTRACT, product=MARKUP, meaning=MARKUP, contract_json=declared)],
        freshness=[replace(SERVED, product=MARKUP, sla_owner=MARKUP)],
        runs=[Run("r", MARKUP, datetime(2026, 11, 23), "published", MARKUP, NOW, 1, is_served)],
        batches=batches[::-1],
        label_sizes=[LabelSize(name, MARKUP, 10) for name in "rq"],
        moves=[Move("r", MARKUP, "q", MARKUP, MARKUP, 10)],
    )
    page = Page(render(records))
    assert "<script" not in page.html
    assert len(list(page.root.all("figure"))) == 4
    drawn = [text.text() for text in page.root.all("text")]
    assert drawn.count(MARKUP) == 3  # the product's strip; the label before and now
    assert MARKUP in page.root.one("h1").text()


def test_reasons_are_sorted_by_importance_with_direction() -> None:
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
    judged = [
        Deadline("churn", datetime(2026, 11, day), datetime(2026, 11, day, 9), outcome)
        for day, outcome in ((18, "breached"), (20, "breached"))
    ]
    unusable = Attempt("churn", datetime(2026, 11, 22), None, "failed", "no orders", NOW)
    records = replace(CONTENTS, runs=runs, deadlines=judged, attempts=[unusable])
    slots = slots_of(records)
    assert [(slot.as_of.day, slot.outcome) for slot in slots] == [
        (16, "published in time"),
        (17, "quarantined"),
        (18, "published late"),
        (19, "withdrawn"),
        (20, "missed"),
        (21, "crashed"),
        (22, "failed"),
        (23, "waiting"),
    ]
    assert slots[-2].reason == "no orders"
    assert [slot.as_of.day for slot in slots if slot.is_judged] == [18, 20]
    later = replace(records, now=NOW + timedelta(hours=3))
    assert slots_of(later)[-1].outcome == "missed"
    figure = slots_figure(records)
    assert figure
    assert figure.sentence.endswith(
        "Churn: 0 of 2 slots in time, 1 late, 1 missed, 4 not published and not judged by a build "
        "yet, 2 not judged yet."
    )
    started = replace(SERVED, in_service_since=datetime(2026, 11, 18, 10))
    before = slots_of(replace(records, freshness=[started], deadlines=[]))
    assert [slot.as_of.day for slot in before if slot.outcome == "before service"] == [16, 17, 18]


def test_sizes_of_labels_come_with_their_changes() -> None:
    """The strongest label first; against the served batch before, by its day where it is older."""
    is_served = True
    newest = Batch("r", "churn", datetime(2026, 11, 23), "published", is_served, "1", 9, *[0.5] * 4)
    former = replace(newest, run_id="q", as_of=datetime(2026, 11, 22))
    held = replace(newest, run_id="h", as_of=datetime(2026, 11, 24), is_served=False)
    contract = replace(CONTRACT, contract_json='{"labels": [{"name": "low"}, {"name": "high"}]}')
    counted = {"q": (2000, 721), "r": (1300, 733), "h": (1, 1)}
    records = replace(
        CONTENTS,
        contracts=[contract],
        batches=[former, newest, held],
        label_sizes=[
            LabelSize(run_id, label, count)
            for run_id, counts in counted.items()
            for label, count in zip(("low", "high"), counts, strict=True)
        ],
    )
    assert labels.sizes(records, contract) == (
        "High 733, 12 more than the day before; low 1,300, 700 fewer."
    )
    weekly = replace(former, as_of=datetime(2026, 11, 16))
    assert "12 more than on Mon 16 Nov" in labels.sizes(
        replace(records, batches=[weekly, newest]), contract
    )
    alone = replace(records, batches=[newest])
    assert labels.sizes(alone, contract) == "High 733; low 1,300."
    assert labels.sizes(CONTENTS, contract) == ""
    # One batch is told in a sentence, with its table.
    figure = labels.figure(alone, contract)
    assert figure
    assert figure.picture is None
    assert figure.sentence == "Mon 23 Nov: low 63.9% (1,300) and high 36.1% (733)."


def test_every_check_has_a_family() -> None:
    """The heat map sorts checks as the models of findings do, with those that they read."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    families = {family: set(checks) for family, checks in FAMILIES.items()}
    assert {check for found in families.values() for check in found} == set(
        project["vars"]["default_checks"]
    )
    for family, found in families.items():
        [file] = (PROJECT / "models").glob(f"*/{family.rstrip('s')}_findings.sql")
        text = file.read_text()
        for part in re.findall(r"product_ref\('(\w+_findings)'\)", text):
            text += (file.parent / f"{part}.sql").read_text()
        assert found == {check for check in found if f"'{check}'" in text}, family


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
        (
            formatting.beginning("psi: 0.3 is beyond 0.25. It blocks! why"),
            "psi: 0.3 is beyond 0.25. (2 more)",
        ),
        (formatting.first_sentence("one row"), "one row."),
    ],
)
def test_formatting_of_names_and_numbers(told: str, expected: str) -> None:
    assert told == expected
