"""The lake is maintained by the builds themselves, when it is due and nothing stands against it."""

import pytest

from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.fixtures import Fresh
from tests.support.lake import age
from tests.support.project import Project

KEPT = (
    "lake.predictions.predictions_churn",
    "lake.features.feature_snapshots",
    "lake.operations.run_ledger",
    "lake.operations.output_checks",
)
PLAN = ("--select", "scoring_plan")
DONE = "The lake was maintained. Snapshots: "


def snapshots(project: Project) -> int:
    """How many states of the lake are kept."""
    [(count,)] = project.query("select count(*) from ducklake_snapshots('lake')")
    return int(count)


@pytest.mark.slow
def test_a_build_ends_with_maintenance_once_it_is_due(fresh: Fresh) -> None:
    """Not before, not where it is switched off, not beside a reader's transaction; and nobody sees
    a difference but in former states.
    """
    project = fresh()
    warehouse = Warehouse(project.warehouse)
    kept = {relation: project.digest(relation) for relation in KEPT}
    assert "maintain" not in project.build(*PLAN).stdout
    age(warehouse, 38)
    assert "maintain" not in project.build(*PLAN, env={"MAINTENANCE": "off"}).stdout
    before = snapshots(project)
    with connect_lake(warehouse) as reader:
        reader.begin()
        reader.execute("select count(*) from lake.operations.plan_log").fetchall()
        assert "maintain_lake: it is due, and waits" in project.build(*PLAN).stdout
    assert snapshots(project) == before + 1  # of the plan
    assert DONE in project.build(*PLAN).stdout
    assert snapshots(project) < before / 2
    assert {relation: project.digest(relation) for relation in KEPT} == kept
    assert DONE not in project.build(*PLAN).stdout
