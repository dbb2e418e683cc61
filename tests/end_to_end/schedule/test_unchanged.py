"""Builds that find nothing due and nothing new pass over their models, and look again in time."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fixtures import Fresh
from tests.support.project import Project, copy_of_project

# What time alone can fail is looked at in every build.
EVERY_BUILD = ("duties_are_done", "no_unresolved_quarantine", "sla_is_kept")


def nodes_run(project: Project, *arguments: str) -> list[str]:
    """Names of the models and tests that a build with its data tests ran, as its log has them."""
    console = project.build(*arguments, tests="all", env={"BUILD_LOG": "nodes"}).stdout
    return re.findall(
        r" START (?!hook)(?:sql |python |seed )?\w+(?: model| file)? ([\w.]+)", console
    )


def test_a_build_with_nothing_to_do_runs_what_time_can_fail_alone(fresh: Fresh) -> None:
    """It records its plan, and every model and other test is a NO-OP."""
    project = fresh()
    ran = nodes_run(project)
    assert {name for name in EVERY_BUILD for test in ran if test.startswith(name)} == {*EVERY_BUILD}
    assert [test for test in ran if not test.startswith(EVERY_BUILD)] == []
    [(planned, due)] = project.query(
        "select count(*), count(*) filter (is_due) from lake.operations.plan_log where "
        "invocation_id = (select arg_max(invocation_id, rowid) from lake.operations.plan_log)"
    )
    assert (planned, due) == (3, 0)
    assert nodes_run(project) == ran, "the second time the same"


@pytest.mark.slow
def test_what_was_chosen_by_name_is_run(fresh: Fresh) -> None:
    """Who names a model wants it made."""
    project = fresh()
    assert nodes_run(project, "--select", "check_limits") == ["lake.operations.check_limits"]


def changed_project(project: Project, folder: Path) -> Project:
    copied = copy_of_project(folder)
    model = copied / "models" / "report" / "run_starts.sql"
    model.write_text(f"-- Read by the report.\n{model.read_text()}")
    return Project(copied, project.raw_data, project.warehouse, project.target)


def with_a_row_of_a_person(project: Project, folder: Path) -> Project:  # noqa: ARG001
    project.dbt(
        "run-operation",
        "withdraw_run",
        "--args",
        json.dumps(
            {
                "run_id": project.query(
                    "select run_id from lake.operations.run_states where product = 'churn'"
                )[0][0],
                "reason": "a test",
                "by": "ana",
            }
        ),
    )
    return project


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "makes_views"), [(changed_project, True), (with_a_row_of_a_person, False)]
)
def test_whoever_changes_project_or_lake_is_noticed(
    fresh: Fresh, tmp_path: Path, change: Callable[[Project, Path], Project], *, makes_views: bool
) -> None:
    """The next build runs everything, or all but the definitions; the one after it nothing."""
    project = change(fresh(), tmp_path)
    run = nodes_run(project)
    assert "schedule.scoring_plan" in run
    assert ("lake.report.run_starts" in run) == makes_views
    assert ("registry.model_pins" in run) == makes_views
    assert all(name.startswith(EVERY_BUILD) for name in nodes_run(project))
