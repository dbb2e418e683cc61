"""Due runs, reasons of the others, and requested as-ofs."""

from pathlib import Path

import pytest

from python_scoring.project import PROJECT
from tests.support.project import PRODUCTS, Project

PLAN = ("build", "--select", "+scoring_plan")


@pytest.fixture(scope="module")
def planner(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse in which builds only plan, so that tests can share it."""
    folder = tmp_path_factory.mktemp("planner")
    return Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")


def plan(project: Project, *args: str, **environment: str) -> list[tuple[str, str, str, str]]:
    """Product, as-of, run and reason of a build that makes the plan and stops there."""
    project.dbt(*PLAN, *args, env=environment)
    return [
        (product, as_of, run_id, reason)
        for product, as_of, run_id, reason in project.query(
            "select product, cast(as_of as text), run_id, reason from lake.operations.plan_log "
            "where invocation_id = "
            "(select arg_max(invocation_id, rowid) from lake.operations.plan_log) order by all"
        )
    ]


def test_var_and_environment_are_equal(planner: Project) -> None:
    """The var `as_of` and PREDICTION_AS_OF plan the same runs of every product, in any notation.

    The var wins over the environment; an offset is taken into account.
    """
    by_environment = plan(planner, PREDICTION_AS_OF="2026-11-19")
    by_var = plan(
        planner, "--vars", "{as_of: '2026-11-19T02:00:00+02:00'}", PREDICTION_AS_OF="2026-11-18"
    )
    assert [(product, as_of, reason) for product, as_of, _, reason in by_environment] == [
        (product, "2026-11-19 00:00:00", "due: asked for") for product in PRODUCTS
    ]
    assert by_var == by_environment


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T06:00:00Z", ["2026-11-23", "2026-11-23", "2026-11-01"]),
        ("2026-11-01T05:59:59", ["2026-10-31", "2026-10-26", "2026-10-01"]),
    ],
)
def test_newest_slot_is_the_one_whose_data_are_complete(
    planner: Project, now: str, expected: list[str]
) -> None:
    """A slot is due from its data cutoff on, six hours after it; until then the one before is."""
    found = [as_of[:10] for _, as_of, _, _ in plan(planner, PREDICTION_NOW=now)]
    assert found == expected


def test_slots_that_are_not_due_have_a_reason(planner: Project) -> None:
    """An as-of ahead of its data, or before the first pin, is not due; the plan says why.

    Several as-ofs may be asked for at once.
    """
    ahead = "not due: the data cutoff has not passed"
    reasons = {
        "2026-11-24 00:00:00": ahead,
        "2026-11-23 01:00:01": ahead,
        "2026-11-23 01:00:00": "due: asked for",
        "2026-01-01 00:00:00": "due: asked for",
        "2025-12-31 23:59:59": (
            "not due: no model is pinned at this as-of; add a row to seeds/model_pins.csv"
        ),
    }
    found = plan(planner, PREDICTION_AS_OF=",".join(reasons))
    assert {(product, as_of): reason for product, as_of, _, reason in found} == {
        (product, as_of): reason for product in PRODUCTS for as_of, reason in reasons.items()
    }


@pytest.mark.parametrize(
    ("environment", "text"),
    [("PREDICTION_AS_OF", "next monday"), ("PREDICTION_NOW", "2026-13-01")],
)
def test_a_bad_instant_is_named(planner: Project, environment: str, text: str) -> None:
    """An instant that is none ends the build with its name, the value and a good example."""
    result = planner.dbt(*PLAN, env={environment: text}, check=False)
    assert result.returncode != 0
    assert "Traceback" not in result.stdout
    assert (
        f"{environment}: '{text}' is not an ISO instant. Write for example 2026-01-05"
        in result.stdout
    )


def test_an_as_of_of_one_product_plans_no_other(planner: Project) -> None:
    found = plan(planner, PREDICTION_AS_OF="churn/2026-11-18,churn/2026-11-19,clv/2026-11-16")
    assert [(product, as_of[:10]) for product, as_of, *_ in found] == [
        ("churn", "2026-11-18"),
        ("churn", "2026-11-19"),
        ("clv", "2026-11-16"),
    ]


def test_an_unknown_product_of_an_as_of_is_named(planner: Project) -> None:
    """In the environment before anything is built, in the var when the plan is made."""
    result = planner.dbt(*PLAN, env={"PREDICTION_AS_OF": "chrun/2026-11-18"}, check=False)
    assert "there is no product 'chrun'; did you mean churn?" in result.stdout
    result = planner.dbt(*PLAN, "--vars", "{as_of: zzz/2026-11-18}", check=False)
    said = "as_of: there is no product 'zzz'; expected one of churn, clv, segmentation."
    assert said in " ".join(result.stdout.split())


@pytest.mark.parametrize("now", ["2026-11-23T06:30:00Z", "2026-11-23T07:30:00+01:00"])
def test_the_var_now_freezes_the_clock_of_views_as_well(planner: Project, now: str) -> None:
    """`--vars now` and PREDICTION_NOW freeze one clock; the var wins."""
    shown = planner.dbt(
        *(
            "show",
            "--quiet",
            "--inline",
            "select cast({{ current_utc_timestamp() }} as text) as now",
        ),
        *("--output", "json", "--vars", f"{{now: '{now}'}}"),
    )
    assert '"now": "2026-11-23 06:30:00"' in shown.stdout
