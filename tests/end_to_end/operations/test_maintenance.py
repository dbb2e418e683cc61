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


def size(project: Project) -> tuple[int, int]:
    """Snapshots and files of the lake."""
    [found] = project.query(
        "select (select count(*) from ducklake_snapshots('lake')), "
        "(select cast(sum(file_count) as bigint) from ducklake_table_info('lake'))"
    )
    return int(found[0]), int(found[1])


@pytest.mark.slow
def test_a_build_ends_with_maintenance_once_it_is_due(fresh: Fresh) -> None:
    """Not before, not where it is switched off, not beside a reader's transaction; and nobody sees
    a difference but in snapshots and files.
    """
    project = fresh()
    warehouse = Warehouse(project.warehouse)
    kept = {relation: project.digest(relation) for relation in KEPT}
    assert "maintain" not in project.build(*PLAN).stdout
    age(warehouse, 38)
    assert "maintain" not in project.build(*PLAN, env={"MAINTENANCE": "off"}).stdout
    before = size(project)
    with connect_lake(warehouse) as reader:
        reader.begin()
        reader.execute("select count(*) from lake.operations.plan_log").fetchall()
        assert "maintain_lake: it is due, and waits" in project.build(*PLAN).stdout
    assert size(project)[0] == before[0] + 1  # of the plan
    assert DONE in project.build(*PLAN).stdout
    after = size(project)
    assert after[0] < before[0] / 2
    assert after[1] <= before[1]
    assert {relation: project.digest(relation) for relation in KEPT} == kept
    assert DONE not in project.build(*PLAN).stdout
