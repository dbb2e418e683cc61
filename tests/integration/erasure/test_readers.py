"""An erasure takes no rows from a reader that is in a transaction."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from python_scoring.erasure import lake_files
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.errors import PredictionError
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.lake import empty_lake

# In a process of its own: SQLite in Python would end the locks of a reader in this one.
READER = """
import sys
from itertools import chain
from pathlib import Path
from python_scoring.warehouse import Warehouse, connect_lake

with connect_lake(Warehouse(Path(sys.argv[1]))) as lake:
    lake.begin()
    for line in chain([""], iter(sys.stdin.readline, "end\\n")):
        # Two tables: DuckLake keeps what it has read of one.
        query = "select (select count(*) from lake.{0}), count(name) from lake.{0}"
        print(*lake.execute(query.format(line.strip() or "few")).fetchone(), flush=True)
    lake.rollback()
    print("idle", flush=True)
    sys.stdin.readline()
"""


class Reader:
    """A reader in a transaction, which answers with the number of rows of a table."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Talk to its process."""
        assert process.stdin
        assert process.stdout
        self.questions, self.answers = process.stdin, process.stdout

    def rows(self, table: str = "") -> str:
        """How many rows it finds; of `few` at the beginning of its transaction."""
        if table:
            self.questions.write(f"{table}\n")
            self.questions.flush()
        return self.answers.readline().strip()


@contextmanager
def reading(warehouse: Warehouse) -> Iterator[Reader]:
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(warehouse.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Reader(process)
        process.communicate("\n")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A lake with rows in a file and rows in the catalogue, and an empty log, as a build leaves."""
    found = empty_lake(tmp_path)
    with connect_lake(found, read_only=False) as lake:
        for table, count in (("few", 3), ("others", 3), ("many", 100)):
            lake.execute(
                f"create table lake.{table} as "
                "select 'person-' || number as name, cast(number as double) as score "
                f"from range(1000, 1000 + {count}) as n (number)"
            )
    lake_files.wait_for_readers(found)
    return found


def test_it_waits_for_a_reader_of_a_former_state(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it may, then it says so; a session that is idle is in nobody's way.

    Until then the reader finds what was there when its transaction began.
    """
    monkeypatch.setattr(lake_files, "LOCK_TIMEOUT", 1)
    person = DataSubjects(("person-1001",))
    with reading(warehouse) as reader:
        assert reader.rows() == "3 3"
        with connect_lake(warehouse, read_only=False, inlines=False) as lake:
            for table in ("few", "others", "many"):
                lake.execute(f"delete from lake.{table} where name = 'person-1001'")
            lake_files.rewrite(lake)
        with pytest.raises(PredictionError, match="a reader has kept one transaction on the lake"):
            lake_files.wait_for_readers(warehouse)
        assert [reader.rows(table) for table in ("others", "many", "few")] == [
            "3 3", "100 100", "3 3"
        ]  # fmt: skip
        assert reader.rows("end") == "idle"
        lake_files.wait_for_readers(warehouse)
        with connect_lake(warehouse, read_only=False) as lake:
            lake_files.let_go(lake)
        lake_files.clean_catalog(warehouse, person)
    with connect_lake(warehouse) as lake:
        [found] = lake.execute(
            "select (select count(*) from lake.few), (select count(*) from lake.others),"
            " (select count(*) from lake.many)"
        ).fetchall()
    assert found == (2, 2, 99)
    files = [warehouse.catalog, *warehouse.folder.rglob("*.parquet")]
    assert len(files) == 4
    assert b"person-1002" in warehouse.catalog.read_bytes()  # a statistic
    assert not [file for file in files if b"person-1001" in file.read_bytes()]
