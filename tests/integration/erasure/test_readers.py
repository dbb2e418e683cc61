"""An erasure takes no rows from a reader that is in a transaction."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from python_scoring.erasure import lake_files
from python_scoring.errors import PredictionError
from python_scoring.warehouse import Warehouse, connect_lake, prepare

# In a process of its own: SQLite in Python would end the locks of a reader in this one.
READER = """
import sys
from pathlib import Path
from python_scoring.warehouse import Warehouse, connect_lake

with connect_lake(Warehouse(Path(sys.argv[1]))) as lake:
    lake.begin()
    lake.execute("select * from lake.rows").fetchall()
    print("reads", flush=True)
    sys.stdin.readline()
    lake.rollback()
    print("idle", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A lake whose catalogue has an empty log, as a build leaves it."""
    found = Warehouse(tmp_path)
    with duckdb.connect() as connection:
        prepare(found, connection)
    with connect_lake(found, read_only=False) as lake:
        lake.execute("create table lake.rows as select 1 as number")
    lake_files.wait_for_readers(found)
    return found


def test_it_waits_for_a_reader_of_the_newest_state(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it may, then it says so; a session that is idle is in nobody's way."""
    monkeypatch.setattr(lake_files, "LOCK_TIMEOUT", 1)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(warehouse.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == "reads\n"
        with pytest.raises(PredictionError, match="a reader has kept one transaction on the lake"):
            lake_files.wait_for_readers(warehouse)
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "idle\n"
        lake_files.wait_for_readers(warehouse)
        reader.communicate("\n")
