"""Backfill: the slots that were never published, oldest first, and only those."""

import json
import re
from datetime import datetime

import pytest

from python_scoring.project import PROJECT
from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, TESTS, Project

# Sunday, and Monday a week before the slot that is published: two slots of churn, one of clv.
SUNDAY, MONDAY = "2026-11-15", "2026-11-16"
ESCAPE = "\x1b"
# Of both ways of a backfill.
SAME = (
    *(f"lake.predictions.predictions_{product}" for product in PRODUCTS),
    "lake.features.feature_snapshots",
    "lake.operations.output_checks",
    "lake.operations.output_distributions",
    "lake.operations.output_statistics",
    "lake.operations.label_migrations",
    "lake.operations.score_jumps",
)


@pytest.mark.slow
def test_missing_slots_are_published_in_one_build(fresh: Fresh) -> None:
    """Each missing daily slot and the weekly one between two dates are published, once.

    They are, to the last byte, what a backfill of one slot after the other publishes. What
    consumers are served does not go back. A second call finds nothing to do.
    """
    project, alone = fresh(), fresh()
    served = "(select * exclude age_hours from lake.marts.churn_predictions_v1)"
    before = project.digest(served)
    builds = TESTS["none"][1]
    console = project.command("backfill", "--from", SUNDAY, "--to", MONDAY, env=builds).stdout
    assert re.findall(r"^build \d.*$", console, re.MULTILINE) == [
        f"build 1: 3 of 3 slots, {SUNDAY} to {MONDAY}, churn, clv"
    ]
    said = re.findall(r"^(\w+) +(2026-11-\d\d) 00:00:00 (\w+)$", console, re.MULTILINE)
    assert said == [
        ("churn", SUNDAY, "published"),
        ("churn", MONDAY, "published"),
        ("clv", MONDAY, "published"),
    ]
    assert ESCAPE not in console
    planned = project.query(
        "select distinct product from lake.operations.plan_log "
        f"where as_of between '{SUNDAY}' and '{MONDAY}' order by product"
    )
    assert planned == [("churn",), ("clv",)]
    published = project.query(
        "select product, as_of, rows_published > 0 from lake.operations.run_ledger "
        "where status = 'published' and as_of between '2026-11-02' and '2026-11-22' order by entry"
    )
    assert published == [
        ("churn", datetime(2026, 11, 15), True),
        ("churn", datetime(2026, 11, 16), True),
        ("clv", datetime(2026, 11, 16), True),
    ]
    unfinished = project.query(
        "select * from lake.operations.run_states where status <> 'published'"
    )
    assert unfinished == []
    history = project.query(
        "select as_of, count(distinct run_id) "
        "from lake.marts.churn_prediction_history_v1 group by 1 order by 1"
    )
    assert history == [(datetime(2026, 11, day), 1) for day in (15, 16, 23)]
    assert project.digest(served) == before

    ledger = project.digest("lake.operations.run_ledger")
    again = project.command("backfill", "--from", SUNDAY, "--to", MONDAY).stdout
    assert again == "Every slot between the two dates is published: nothing to do.\n"
    as_json = project.command("backfill", "--from", SUNDAY, "--to", MONDAY, "--json").stdout
    assert json.loads(as_json) == {"builds": 0, "slots": []}
    assert project.digest("lake.operations.run_ledger") == ledger

    for day in (SUNDAY, MONDAY):
        for product in ("churn", "clv"):
            alone.command("backfill", "--from", day, "--to", day, "--product", product, env=builds)
    for relation in SAME:
        assert project.digest(relation) == alone.digest(relation), relation


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("--from", MONDAY, "--to", SUNDAY),
            1,
            "Error: --from 2026-11-16 00:00:00 is later than --to 2026-11-15 00:00:00\n",
        ),
        (
            ("--from", SUNDAY, "--to", MONDAY, "--product", "chrun"),
            2,
            (
                f"Error: Invalid value for '--product': there is no product 'chrun' in {PROJECT}"
                "/models/products; did you mean churn?\n"
            ),
        ),
    ],
    ids=["reversed dates", "unknown product"],
)
def test_mistakes_are_named(
    built: Project, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Dates in the wrong order and an unknown product are one readable line, and nothing is run."""
    result = built.command("backfill", *arguments, check=False)
    assert result.returncode == code
    assert result.stdout.endswith(message)


def test_an_empty_warehouse_is_named(fresh: Fresh) -> None:
    """Where nothing was ever built, backfill says so and what to do."""
    result = fresh(empty=True).command("backfill", "--from", SUNDAY, "--to", MONDAY, check=False)
    assert result.returncode == 1
    assert "nothing was built in this warehouse" in result.stdout
    assert "make build" in result.stdout


def test_a_weekly_product_has_slots_on_mondays_only(built: Project) -> None:
    """From Tuesday to Sunday a weekly product has no slot, so there is nothing to do."""
    arguments = ("--from", "2026-11-17", "--to", "2026-11-22", "--product", "clv")
    result = built.command("backfill", *arguments)
    assert "nothing to do" in result.stdout


def test_slots_whose_data_are_not_complete_are_left_alone(fresh: Fresh) -> None:
    """A slot that lies ahead does not count as missing, so backfill up to today is finished."""
    result = fresh().command("backfill", "--from", "2026-11-23", "--to", "2026-11-24")
    assert "nothing to do" in result.stdout
