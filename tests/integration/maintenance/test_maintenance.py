"""Maintenance of the lake, and steps that abort their process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from python_scoring.errors import PredictionError
from python_scoring.warehouse import Warehouse, connect_lake, prepare
from python_scoring.warehouse.maintenance import STEPS, maintain
from tests.support.lake import age

# Arguments: the step that aborts, whether before or after its commit, and those of `maintenance`.
CHILD = """
import os, sys
from pathlib import Path
from python_scoring.warehouse import maintenance

step, moment, folder, keep_days = sys.argv[1:]
original = maintenance.run_step

def aborting(lake, statement):
    is_it = statement == maintenance.STEPS[step].format(keep_days=keep_days)
    if is_it and moment == "before":
        lake.execute("begin")
    original(lake, statement)
    if is_it:
        sys.stderr.write("terminate called")
        sys.stderr.flush()
        os.abort()

maintenance.run_step = aborting
maintenance.main(Path(folder), int(keep_days))
"""


# In a process of its own: SQLite in Python would end the locks of a reader in this one.
INSERT = """
import sys
from pathlib import Path
from python_scoring.warehouse import Warehouse, connect_lake

with connect_lake(Warehouse(Path(sys.argv[1])), read_only=False) as lake:
    lake.execute("insert into lake.many from range(60)")
"""
SLEEP = """
import time
print('{"step": "merge small files"}', flush=True)
time.sleep(60)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A lake with small files, inlined rows, deleted rows, and a table that is gone."""
    found = Warehouse(tmp_path)
    with duckdb.connect() as connection:
        prepare(found, connection)
    with connect_lake(found, read_only=False) as lake:
        lake.execute("create table lake.many (number bigint)")
        for start in range(100, 1000, 100):
            lake.execute(f"insert into lake.many from range({start}, {start} + 50)")
        lake.execute("insert into lake.many values (2000)")
        lake.execute("create table lake.gone as from lake.many")
        lake.execute("delete from lake.gone where number % 7 = 0")
        lake.execute("drop table lake.gone")
    return found


def rows(warehouse: Warehouse) -> list[Any]:
    with connect_lake(warehouse) as lake:
        return lake.execute("select * from lake.many order by number").fetchall()


def test_nothing_that_is_read_changes(warehouse: Warehouse) -> None:
    before = rows(warehouse)
    assert len(before) == 451
    sizes = maintain(warehouse, 0)
    assert rows(warehouse) == before
    assert sizes[0].snapshots > 10
    assert (sizes[0].files, sizes[1].files) == (9, 1)
    assert sizes[1].catalog_bytes < sizes[0].catalog_bytes
    assert maintain(warehouse, 0)[0] == sizes[1]


@pytest.mark.parametrize(
    ("step", "moment"), [*((step, "before") for step in STEPS), ("merge small files", "after")]
)
def test_a_step_that_ends_its_process_loses_nothing(
    warehouse: Warehouse, step: str, moment: str
) -> None:
    """The error names it, everything is there, and the next maintenance completes."""
    before = rows(warehouse)
    with pytest.raises(PredictionError) as caught:
        maintain(warehouse, 0, (sys.executable, "-c", CHILD, step, moment))
    assert f"could not {step}: the process was ended by SIGABRT. Nothing is lost" in str(
        caught.value
    )
    assert str(caught.value).endswith("The process said: terminate called")
    assert rows(warehouse) == before
    _, after = maintain(warehouse, 0)
    assert rows(warehouse) == before
    assert after.files == 1


def test_a_failing_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"could not open the lake: .* exit code 1\."):
        maintain(Warehouse(tmp_path), 30)


def test_it_waits_for_a_reader_of_a_former_state(warehouse: Warehouse) -> None:
    """Readers within a transaction, of that state or of the newest, read the same to its end."""
    query = "select count(*), sum(number) from lake.many"
    age(warehouse, 40)
    with connect_lake(warehouse) as reader:
        reader.begin()
        before = reader.execute(query).fetchall()
        subprocess.run([sys.executable, "-c", INSERT, str(warehouse.folder)], check=True)
        with pytest.raises(PredictionError, match="waits for the next build: a reader"):
            maintain(warehouse, 30, unless_read=True)
        assert reader.execute(query).fetchall() == before
        reader.commit()
        reader.begin()
        newest = reader.execute(query).fetchall()
        sizes = maintain(warehouse, 30, unless_read=True)
        assert sizes[1].snapshots < sizes[0].snapshots
        assert reader.execute(query).fetchall() == newest != before
        assert reader.execute("select number from lake.many where number = 59").fetchall()


def test_it_ends_in_time(warehouse: Warehouse) -> None:
    before = rows(warehouse)
    with pytest.raises(PredictionError, match=r"could not merge small files: .* longer than 1 s"):
        maintain(warehouse, 30, (sys.executable, "-c", SLEEP), seconds=1)
    assert rows(warehouse) == before
