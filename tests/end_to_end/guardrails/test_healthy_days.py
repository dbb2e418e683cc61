"""Forty healthy days with seasons: nothing is blocked, and warnings are rare."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from python_scoring.project import PROJECT
from tests.support.fixtures import Fresh
from tests.support.project import PREDICTIONS, Project

LAST = date(2026, 11, 22)


CHECKS = "lake.operations.output_checks"

pytestmark = pytest.mark.slow


def as_ofs(count: int) -> list[str]:
    return [str(LAST - timedelta(days=back)) for back in reversed(range(count))]


@pytest.fixture(scope="module")
def forty_days(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Every day from autumn into the weeks before Christmas, all three products daily."""
    folder = tmp_path_factory.mktemp("forty_days")
    project = Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")
    project.build(env={"PREDICTION_AS_OF": ",".join(as_ofs(40))}, tests="all")
    return project


def test_forty_days_are_published(forty_days: Project) -> None:
    """Each day is compared with the day before, and none is quarantined."""
    outcomes = forty_days.query(
        "select status, count(*) from lake.operations.run_ledger group by status order by status"
    )
    assert outcomes == [("published", 120), ("started", 120)]
    not_compared = forty_days.query(
        f"select count(distinct run_id) from {CHECKS} "
        "where check_name = 'score_psi' and scope = 'former batch' and outcome = 'not_evaluated'"
    )
    assert not_compared == [(3,)]


def test_warnings_are_rare(
    forty_days: Project, record_property: Callable[[str, object], None]
) -> None:
    """At most one evaluated check in two hundred warns, and no warning persists until it blocks."""
    [(evaluated, warned)] = forty_days.query(
        "select count(*) filter (where outcome <> 'not_evaluated'), "
        f"count(*) filter (where outcome = 'failed') from {CHECKS}"
    )
    record_property("checks_evaluated", evaluated)
    record_property("checks_warned", warned)
    assert evaluated > 3500
    assert warned <= evaluated / 200


def test_one_build_of_many_days_checks_as_many_builds_do(fresh: Fresh, forty_days: Project) -> None:
    """Three days built one by one have the very checks, and predictions, of one build of all."""
    project = fresh(empty=True)
    for as_of in as_ofs(40)[:3]:
        project.build(*PREDICTIONS, env={"PREDICTION_AS_OF": as_of})
    days = f"as_of <= '{as_ofs(40)[2]}'"
    for relation in ("predictions_churn", "predictions_clv", "predictions_segmentation"):
        table = f"lake.predictions.{relation}"
        assert project.digest(table, days) == forty_days.digest(table, days)
    checks = (
        f"(select checks.* from {CHECKS} as checks semi join lake.operations.run_states as states "
        f"on checks.run_id = states.run_id and {days} where check_name <> 'model_unchanged')"
    )
    assert project.digest(checks) == forty_days.digest(checks)
