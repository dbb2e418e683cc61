"""Readers beside a build: never an error, never a mixture of runs, never part of a run."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from python_scoring.project import PROJECT
from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, Project

NEXT_DAY = "2026-11-24T07:00:00"


# Reads the marts again and again until the file `stop` appears; writes one JSON line per reading.
# A new connection for each reading, and one that stays open, as a dashboard's does.
READER = """
import json, sys
from pathlib import Path
from python_scoring.warehouse import Warehouse, connect_lake

warehouse, stop, out = Warehouse(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
query = '''
    select count(*), count(distinct run_id), min(run_id), cast(min(as_of) as text),
        cast(max(as_of) as text), count(distinct customer_id)
    from lake.marts.{}_predictions_v1
'''
with out.open('w') as lines, connect_lake(warehouse) as staying:
    while not stop.exists():
        with connect_lake(warehouse) as fresh:
            for how, lake in (('fresh', fresh), ('staying', staying)):
                for product in ('churn', 'clv', 'segmentation'):
                    try:
                        reading = lake.execute(query.format(product)).fetchone()
                    except Exception as error:
                        reading = [repr(error)]
                    lines.write(json.dumps([how, product, *reading]) + '\\n')
                    lines.flush()
"""


def start_reader(project: Project, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-c", READER, str(project.warehouse)),
            *(str(folder / "stop"), str(folder / "readings.jsonl")),
        ],
        cwd=PROJECT,
    )


def test_readers_see_one_whole_run_through_a_build(fresh: Fresh, tmp_path: Path) -> None:
    """Consumers who read all the time through a build that publishes a new daily slot see no error.

    Each reading is exactly one run and all of it: the former one first, then the new one. Products
    with nothing due stay as they were.
    """
    project = fresh()
    reader = start_reader(project, tmp_path)
    try:
        project.build(env={"PREDICTION_NOW": NEXT_DAY})
    finally:
        (tmp_path / "stop").touch()
        reader.wait(timeout=60)
    assert reader.returncode == 0

    lines = (tmp_path / "readings.jsonl").read_text().splitlines()
    readings = [json.loads(line) for line in lines]
    assert [reading for reading in readings if len(reading) == 3] == []
    for product in PRODUCTS:
        whole = {
            run_id: (rows, str(as_of))
            for run_id, rows, as_of in project.query(
                "select run_id, count(*), as_of "
                f"from lake.marts.{product}_prediction_history_v1 group by all"
            )
        }
        for how in ("fresh", "staying"):
            seen = [reading[2:] for reading in readings if reading[:2] == [how, product]]
            assert len(seen) >= 5
            for rows, runs, run_id, first_as_of, last_as_of, customers in seen:
                assert runs == 1
                assert (rows, first_as_of) == whole[run_id]
                assert (customers, last_as_of) == (rows, first_as_of)
            as_ofs = [first_as_of for _, _, _, first_as_of, _, _ in seen]
            assert as_ofs == sorted(as_ofs)
            assert len(set(as_ofs)) == (2 if product == "churn" else 1)


def test_a_copied_warehouse_reads_its_own_files(fresh: Fresh, tmp_path: Path) -> None:
    """A copy of a warehouse, such as a restored backup, is readable before any build in it."""
    project = fresh()
    original = project.digest("lake.predictions.predictions_churn")
    project.warehouse.rename(tmp_path / "restored")
    restored = Project(project.folder, project.raw_data, tmp_path / "restored", project.target)
    assert restored.digest("lake.predictions.predictions_churn") == original


@pytest.mark.slow
def test_a_second_build_at_the_same_time_is_refused(fresh: Fresh) -> None:
    """One build at a time: one that waited in vain is an error, and starts no attempt."""
    project = fresh()
    first = project.start("build", env={"PREDICTION_NOW": NEXT_DAY})
    try:
        while "START hook" not in (project.target / "started.log").read_text():
            assert first.poll() is None
        second = Project(
            project.folder, project.raw_data, project.warehouse, project.target / "second"
        ).build(env={"PREDICTION_NOW": NEXT_DAY, "WAIT_FOR_BUILD": "1"}, check=False)
    finally:
        first.wait(timeout=120)
    assert first.returncode == 0
    assert second.returncode != 0
    assert "lock" in second.stdout
    attempts = project.query(
        "select status, count(distinct invocation_id), count(*) from lake.operations.run_ledger "
        "where as_of = '2026-11-24' group by 1 order by 1"
    )
    assert attempts == [("published", 1, 1), ("started", 1, 1)]
    served = project.query("select distinct as_of from lake.marts.churn_predictions_v1")
    assert served == [(datetime(2026, 11, 24),)]
