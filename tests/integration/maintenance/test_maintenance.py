"""Maintenance of the lake, and steps that abort their process."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from python_scoring.errors import PredictionError
from python_scoring.project import PROJECT
from python_scoring.warehouse import Warehouse, connect_lake
from python_scoring.warehouse.maintenance import CHILD as CHILD_OF_MAINTENANCE
from python_scoring.warehouse.maintenance import STEPS, maintain
from tests.support.lake import age, empty_lake

# Arguments: the step that aborts, whether before or after its commit, and those of `maintenance`.
CHILD = """
import os, sys
from pathlib import Path
from python_scoring.warehouse import maintenance

step, moment, folder, keep_days = sys.argv[1:]
original = maintenance.run_step

class Uncommitted:
    def __init__(self, lake):
        self.lake = lake

    def __getattr__(self, name):
        return getattr(self.lake, name)

    def commit(self):
        pass

def aborting(lake, name, days):
    is_it = name == step
    if is_it and moment == "before":
        if step == maintenance.INLINED:
            lake = Uncommitted(lake)
        else:
            lake.execute("begin")
    original(lake, name, days)
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
    found = empty_lake(tmp_path)
    with connect_lake(found, read_only=False) as lake:
        lake.execute("create table lake.many (number bigint)")
        for start in range(100, 1000, 100):
            lake.execute(f"insert into lake.many from range({start}, {start} + 50)")
        for number in range(2000, 2012):
            lake.execute(f"insert into lake.many values ({number})")
        lake.execute("create table lake.gone as from lake.many")
        lake.execute("delete from lake.gone where number % 7 = 0")
        lake.execute("drop table lake.gone")
    return found


def maintain_elsewhere(warehouse: Warehouse, keep_days: int) -> None:
    """In the process that `maintain` starts, without its look at the reader in this one."""
    child = [*CHILD_OF_MAINTENANCE, str(warehouse.folder), str(keep_days)]
    subprocess.run(child, check=True, capture_output=True, cwd=PROJECT)


def rows_in_catalogue(warehouse: Warehouse) -> int:
    with closing(sqlite3.connect(warehouse.catalog)) as catalog:
        parts = catalog.execute("select table_name from ducklake_inlined_data_tables").fetchall()
        return sum(
            catalog.execute(f"select count(*) from {part}").fetchone()[0] for (part,) in parts
        )


def rows(warehouse: Warehouse) -> list[Any]:
    with connect_lake(warehouse) as lake:
        return lake.execute("select * from lake.many order by number").fetchall()


def test_nothing_that_is_read_changes(warehouse: Warehouse) -> None:
    before = rows(warehouse)
    assert len(before) == 462
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


def test_rows_in_the_catalogue_stay_where_readers_find_them(warehouse: Warehouse) -> None:
    """A reader's transaction finds rows of single inserts while maintenance writes them to files.

    What is gone from the catalogue is gone once no snapshot needs it.
    """
    queries = [f"select count(*), sum(number) from lake.{name}" for name in ("many", "few")]
    with connect_lake(warehouse, read_only=False) as lake:
        lake.execute("create table lake.few (number bigint)")
        for number in range(15):
            lake.execute(f"insert into lake.few values ({number})")
        lake.execute("delete from lake.few where number = 7")
    age(warehouse, 40)
    with connect_lake(warehouse) as reader:
        reader.begin()
        before = [reader.execute(query).fetchall() for query in queries]
        assert before == [[(462, 260_091)], [(14, 98)]]
        for _ in range(2):
            maintain_elsewhere(warehouse, 1)
            assert [reader.execute(query).fetchall() for query in queries] == before
    with connect_lake(warehouse) as reader:
        assert [reader.execute(query).fetchall() for query in queries] == before
    age(warehouse, 40)
    maintain(warehouse, 1)
    maintain(warehouse, 1)
    assert rows_in_catalogue(warehouse) == 0
    with connect_lake(warehouse) as reader:
        assert [reader.execute(query).fetchall() for query in queries] == before


def test_it_ends_in_time(warehouse: Warehouse) -> None:
    before = rows(warehouse)
    with pytest.raises(PredictionError, match=r"could not merge small files: .* longer than 1 s"):
        maintain(warehouse, 30, (sys.executable, "-c", SLEEP), seconds=1)
    assert rows(warehouse) == before
