"""Builds that are killed: nothing half done is seen, and the next build makes up for it."""

import time

import duckdb
import pytest

from python_scoring.errors import InputError
from tests.support.fixtures import Fresh
from tests.support.processes import Process
from tests.support.project import PRODUCTS, Project

# Where the build is when it is killed, as its console says; seconds to wait after that.
MOMENTS = {
    "right after started": (None, 0.0),
    "in the feature snapshots": (
        "START sql append_only model lake.features.feature_snapshots",
        0.05,
    ),
    "in the candidates": ("START python table model products.candidates_churn", 0.3),
    "between two products": ("START sql append_only model lake.predictions.predictions_clv", 0.03),
}


LOCK_TIMEOUT = 120.0


def attempts(project: Project, status: str) -> int:
    """Ledger entries of a status; 0 where the ledger is not there yet."""
    try:
        [(count,)] = project.query(
            f"select count(*) from lake.operations.run_ledger where status = '{status}'"
        )
    except (InputError, duckdb.CatalogException, duckdb.IOException):
        return 0
    return int(count)


def kill_at(project: Project, build: Process, moment: str, started_before: int) -> None:
    """Wait for the moment, then `kill -9`."""
    marker, delay = MOMENTS[moment]
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        assert time.monotonic() < deadline, moment
        assert build.poll() is None, (project.target / "started.log").read_text()
        if marker is None:
            if attempts(project, "started") > started_before:
                break
        elif marker in (project.target / "started.log").read_text():
            break
        time.sleep(0.005 if marker else 0.1)  # a look into the lake takes as long
    time.sleep(delay)
    build.kill()
    build.wait()


def assert_only_whole_runs(project: Project) -> None:
    """Every stored run is in the ledger as published, with all its rows, once each."""
    for product in PRODUCTS:
        published = project.query(
            "select run_id, rows_published, rows_published from lake.operations.run_ledger "
            f"where product = '{product}' and status = 'published' order by 1"
        )
        try:
            stored = project.query(
                "select run_id, count(*), count(distinct customer_id) "
                f"from lake.predictions.predictions_{product} group by 1 order by 1"
            )
        except duckdb.CatalogException:
            stored = []
        assert stored == published
    try:
        snapshots = project.query(
            "select as_of, count(*), count(distinct customer_id) "
            "from lake.features.feature_snapshots group by 1 order by 1"
        )
    except duckdb.CatalogException:
        snapshots = []
    assert snapshots == project.query(
        "select as_of, customers, customers from lake.operations.snapshot_manifest order by 1"
    )


@pytest.mark.slow
def test_a_build_after_killed_ones_publishes_every_slot(fresh: Fresh, built: Project) -> None:
    """Kill the first build of a warehouse at four moments, one after the other, with SIGKILL.

    After each only whole runs are stored. Every next build says what crashed, in the ledger and on
    the console; the last one, left alone, publishes the slots exactly as a build that was never
    killed, and once.
    """
    project = fresh(empty=True)
    for moment in MOMENTS:
        started = attempts(project, "started")
        crashed = attempts(project, "crashed")
        build = project.start("build")
        try:
            kill_at(project, build, moment, started)
        finally:
            build.kill()
        assert_only_whole_runs(project)
        # The attempts that the build before had left open.
        assert attempts(project, "crashed") == (crashed if crashed == started else started), moment

    console = project.build(tests="all").stdout
    assert "the last attempt crashed; it is in the ledger" in console
    assert "due: the last attempt crashed" in console
    assert_only_whole_runs(project)
    for product in PRODUCTS:
        scores = f"(select customer_id, score, run_id from lake.marts.{product}_predictions_v1)"
        assert project.digest(scores) == built.digest(scores)
        outcomes = project.query(
            "select status, count(*) from lake.operations.run_ledger "
            f"where product = '{product}' group by 1 order by 1"
        )
        tries = dict(outcomes)["started"]
        assert outcomes == [("crashed", tries - 1), ("published", 1), ("started", tries)]
    entries = project.query(
        "select count(*), count(distinct entry), max(entry) from lake.operations.run_ledger"
    )
    assert len(set(entries[0])) == 1
    assert attempts(project, "crashed") >= len(PRODUCTS) * (len(MOMENTS) - 1)
    # All of it happened in commissioning. The clock stands still, so that the last crash and the
    # first publication bear one instant; the slot of segmentation, of the first of the month, was
    # late, and so its crash is not over by that.
    assert project.query(
        "select count(*) from lake.operations.incidents where product <> 'segmentation'"
    ) == [(0,)]
    assert "Nothing is due" in project.build("--select", "+scoring_plan").stdout
