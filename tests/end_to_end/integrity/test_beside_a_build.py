"""What can be done while a build runs: waiting for it, and a withdrawal by it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from python_scoring.warehouse import Warehouse
from tests.support.fixtures import Fresh
from tests.support.processes import Process
from tests.support.project import Project

NEXT_DAY = {"PREDICTION_NOW": "2026-11-24T07:00:00"}


def wait_until_it_builds(project: Project, build: Process) -> str:
    log = project.target / "started.log"
    deadline = time.monotonic() + 120
    while "START sql" not in log.read_text():
        assert time.monotonic() < deadline
        assert build.poll() is None, log.read_text()
        time.sleep(0.02)
    return log.read_text()


@contextmanager
def running(project: Project) -> Iterator[Process]:
    build = project.start("build", env=NEXT_DAY)
    try:
        wait_until_it_builds(project, build)
        yield build
    finally:
        build.kill()


def elsewhere(project: Project) -> Project:
    """The same warehouse, with a target folder of its own."""
    return replace(project, target=project.target.with_name("other_target"))


@pytest.mark.slow
def test_a_run_is_withdrawn_and_a_second_build_waits_while_one_runs(fresh: Fresh) -> None:
    project = fresh()
    [(run_id,)] = project.query("select run_id from lake.marts.churn_predictions_v1 limit 1")
    arguments = f"{{run_id: {run_id}, reason: wrong prices, by: ana}}"
    with running(project) as build:
        withdrawn = elsewhere(project).dbt(
            "run-operation", "withdraw_run", "--args", arguments, env=NEXT_DAY, check=False
        )
        assert build.poll() is None, "the build had ended by then"
        assert withdrawn.returncode == 0, withdrawn.stdout
        assert "is withdrawn by the build that runs" in withdrawn.stdout
        assert project.query(
            f"select is_served from lake.operations.run_states where run_id = '{run_id}'"
        ) == [(False,)]
        second = elsewhere(project).build(env=NEXT_DAY | {"WAIT_FOR_BUILD": "600"})
        assert build.wait() == 0, (project.target / "started.log").read_text()
    assert "Nothing is due" in second.stdout
    assert project.query(
        "select status, count(*) from lake.operations.run_ledger"
        " where product = 'churn' group by 1 order by 1"
    ) == [("published", 2), ("started", 2), ("withdrawn", 1)]
    assert "DAMAGE" not in project.command("doctor").stdout


@pytest.mark.slow
def test_an_interrupt_says_in_one_line_what_is_left_undone(fresh: Fresh) -> None:
    project = fresh()
    build = project.start("build", env=NEXT_DAY)
    wait_until_it_builds(project, build)
    os.kill(build.pid, signal.SIGINT)
    build.wait(timeout=60)
    log = (project.target / "started.log").read_text()
    assert "Interrupted: what was published stays." in log
    assert "Traceback" not in log
    project.build(env=NEXT_DAY)
    assert project.query("select count(*) from lake.marts.churn_predictions_v1")[0][0] > 0


@pytest.mark.slow
def test_backfill_says_that_a_build_is_in_the_way(fresh: Fresh) -> None:
    project = fresh()
    with Warehouse(project.warehouse).writer_lock():
        result = project.command(
            "backfill", "--from", "2026-11-20", "--to", "2026-11-22",
            env={"WAIT_FOR_BUILD": "1"}, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert "a build was in the way" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_moved_path_is_no_traceback(built: Project, tmp_path: Path) -> None:
    """A damaged catalogue ends a command with a line."""
    broken = tmp_path / "warehouse"
    broken.mkdir()
    (broken / "lake.sqlite").write_bytes(b"no database" * 1000)
    result = replace(built, warehouse=broken).command("trace", "x", check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    assert "doctor" in result.stdout
