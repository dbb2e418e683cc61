"""Warehouses of former versions: this version builds, serves, replays and erases on them."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from python_scoring.project import PROJECT
from python_scoring.warehouse import Warehouse, prepare
from tests.support.project import PRODUCTS, Project
from tests.support.serving_database import Database

ARCHIVES = sorted((PROJECT / "tests" / "support" / "warehouses").glob("*.tar.xz"))
NEXT = "2026-11-26T07:00:00"
KEPT = tuple(
    f"lake.predictions.{kind}_{product}"
    for kind in ("predictions", "quarantine")
    for product in PRODUCTS
)


@pytest.fixture(params=ARCHIVES, ids=lambda archive: archive.name.partition(".")[0])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A warehouse that a former version built, as a restored copy of it."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    shop = tmp_path / "shop"
    with duckdb.connect() as connection:
        prepare(Warehouse(shop / "warehouse"), connection)
    return Project(PROJECT, shop / "raw", shop / "warehouse", tmp_path / "target")


def stored(project: Project, where: str = "true") -> dict[str, tuple[int, str]]:
    """Digests of what was published or quarantined by the former version."""
    columns = (
        "prediction_id, customer_id, score, score_lower, score_upper, label, reason_codes,"
        " model_version"
    )
    return {
        relation: project.digest(f"(select {columns}, as_of from {relation})", where)
        for relation in KEPT
    }


def runs(project: Project) -> Iterator[str]:
    """The first published run of each product."""
    for product in PRODUCTS:
        [(run_id,)] = project.query(
            "select min_by(run_id, entry) from lake.operations.run_ledger"
            f" where product = '{product}' and status = 'published'"
        )
        yield run_id


@pytest.mark.slow
def test_a_warehouse_of_a_former_version_goes_on(former: Project, database: Database) -> None:
    before, timeline = stored(former), former.query("from lake.operations.incident_events")
    environment = {"PREDICTION_NOW": NEXT, "SERVING_DSN": database.dsn}
    first_runs = [*runs(former)]

    former.build(env=environment)
    # The models are retrained since, so that the newest slots are published by them as well.
    assert stored(former, "model_version = '1.0.0'") == before
    assert former.query("select max(as_of) from lake.marts.churn_predictions_v1") == former.query(
        "select timestamp '2026-11-26'"
    )
    events = former.query("from lake.operations.incident_events order by event_number")
    assert events[: len(timeline)] == sorted(timeline)
    assert [event[4] for event in events[len(timeline) :]] == ["resolved"]  # the breach is over
    for product in PRODUCTS:
        [(count,)] = former.query(f"select count(*) from lake.marts.{product}_predictions_v1")
        assert database.run(f"select count(*) from serving_data.{product}_predictions_v1") == [
            (count,)
        ]

    for run_id in first_runs:
        assert "are identical" in former.command("replay", run_id, env=environment).stdout

    [(customer_id,)] = former.query("select min(customer_id) from lake.marts.clv_predictions_v1")
    former.command("erase", customer_id, "--by", "ana", "--reason", "request 1", env=environment)
    for relation in KEPT:
        assert former.query(
            f"select count(*) from {relation} where customer_id = '{customer_id}'"
        ) == [(0,)]
