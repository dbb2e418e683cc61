"""What is due, and why the rest is not: the schedule, and instants that people ask for."""

from pathlib import Path

import pytest
from conftest import Fresh
from project import PRODUCTS, Project

from python_scoring.warehouse import PROJECT

PLAN = ("build", "--select", "+scoring_plan")
DUE = "due: asked for"


@pytest.fixture(scope="module")
def planner(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse in which builds only plan, so that tests can share it."""
    folder = tmp_path_factory.mktemp("planner")
    return Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")


def plan(project: Project, *args: str, **environment: str) -> dict[str, tuple[str, str, str]]:
    """As-of, run and reason by product, of a build that makes the plan and stops there."""
    project.dbt(*PLAN, *args, env=environment)
    rows = project.query(
        "select product, cast(as_of as text), run_id, reason from lake.operations.plan_log "
        "where invocation_id = (select arg_max(invocation_id, rowid) from lake.operations.plan_log)"
    )
    return {product: (as_of, run_id, reason) for product, as_of, run_id, reason in rows}


def test_var_and_environment_are_equal(planner: Project) -> None:
    """The var `as_of` and PREDICTION_AS_OF plan the same runs of every product, in any notation.

    The var wins over the environment; an offset is taken into account.
    """
    by_environment = plan(planner, PREDICTION_AS_OF="2026-11-19")
    by_var = plan(
        planner, "--vars", "{as_of: '2026-11-19T02:00:00+02:00'}", PREDICTION_AS_OF="2026-11-18"
    )
    assert sorted(by_environment) == list(PRODUCTS)
    assert {entry[0] for entry in by_environment.values()} == {"2026-11-19 00:00:00"}
    assert {entry[2] for entry in by_environment.values()} == {DUE}
    assert by_var == by_environment


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T05:59:59", ["2026-11-22", "2026-11-16", "2026-11-01"]),
        ("2026-11-23T06:00:00Z", ["2026-11-23", "2026-11-23", "2026-11-01"]),
        ("2026-11-01T05:59:59", ["2026-10-31", "2026-10-26", "2026-10-01"]),
    ],
)
def test_newest_slot_is_the_one_whose_data_are_complete(
    planner: Project, now: str, expected: list[str]
) -> None:
    """A slot is due from its data cutoff on, six hours after it; until then the one before is."""
    found = plan(planner, PREDICTION_NOW=now)
    assert [found[product][0][:10] for product in PRODUCTS] == expected


@pytest.mark.parametrize(
    ("as_of", "reason"),
    [
        ("2026-11-24", "not due: the data cutoff has not passed"),
        ("2026-11-23T01:00:01", "not due: the data cutoff has not passed"),
        (
            "2025-12-31",
            "not due: no model is pinned at this as-of; add a row to seeds/model_pins.csv",
        ),
    ],
)
def test_what_is_not_due_has_a_reason(planner: Project, as_of: str, reason: str) -> None:
    """An as-of ahead of its data, or one before the first pin, is not due, and the plan says why."""
    found = plan(planner, PREDICTION_AS_OF=as_of)
    assert {entry[2] for entry in found.values()} == {reason}


@pytest.mark.parametrize(
    ("name", "text"),
    [("PREDICTION_AS_OF", "next monday"), ("PREDICTION_NOW", "2026-13-01")],
)
def test_a_bad_instant_is_named(planner: Project, name: str, text: str) -> None:
    """An instant that is none ends the build with the value and an example of a good one."""
    result = planner.dbt(*PLAN, env={name: text}, check=False)
    assert result.returncode != 0
    assert f"'{text}' is not an ISO instant. Write for example 2026-01-05" in result.stdout


def test_an_as_of_that_is_not_due_builds_nothing(fresh: Fresh) -> None:
    """A whole build before the first pin ends well, says that nothing is due, and adds no rows."""
    project = fresh()
    relations = ["lake.operations.run_ledger", "lake.features.feature_snapshots"]
    before = [project.digest(relation) for relation in relations]
    console = project.build(env={"PREDICTION_AS_OF": "2025-12-31"}).stdout
    assert "no model is pinned at this as-of" in console
    assert "Nothing is due" in console
    assert [project.digest(relation) for relation in relations] == before
