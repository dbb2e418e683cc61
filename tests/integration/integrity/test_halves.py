"""Identity of a warehouse: a half that is missing, older or another's is no new warehouse."""

import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from python_scoring.errors import InputError
from python_scoring.integrity import catalogue, halves, record
from python_scoring.recovery.doctor import examine, print_attach
from python_scoring.recovery.repair import repair_catalog, repair_identity, repair_working_set
from python_scoring.warehouse import Warehouse, connect_lake, prepare


def open_and_close(warehouse: Warehouse) -> None:
    """What a build does first and last."""
    with duckdb.connect() as connection:
        warehouse_id = prepare(warehouse, connection)
    halves.require_history(warehouse)
    halves.require_working_set(warehouse)
    with duckdb.connect(str(warehouse.working_set)) as working_set:
        halves.check_working_set(warehouse, working_set, warehouse_id)
    halves.working_set_is_there(warehouse)
    catalogue.seal(warehouse)


def write(warehouse: Warehouse, *statements: str) -> None:
    with connect_lake(warehouse, read_only=False) as lake:
        for statement in statements:
            lake.execute(statement)


def new_warehouse(folder: Path) -> Warehouse:
    warehouse = Warehouse(folder)
    open_and_close(warehouse)
    write(
        warehouse,
        "create schema lake.operations",
        "create table lake.operations.run_ledger as select range as entry from range(100)",
        "create schema lake.raw",
        "create table lake.raw.orders as select range as amount from range(1000)",
    )
    return warehouse


def damages(warehouse: Warehouse) -> list[str]:
    return [str(each) for each in examine(warehouse, quick=False) if each.problem]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return new_warehouse(tmp_path / "warehouse")


def test_a_warehouse_that_nobody_touched_opens_again(warehouse: Warehouse) -> None:
    known = record.read(warehouse.record)
    for _ in range(2):
        open_and_close(warehouse)
    assert damages(warehouse) == []
    after = record.read(warehouse.record)
    assert known
    assert after
    assert known.warehouse_id == after.warehouse_id
    assert not after.is_open


@pytest.mark.parametrize("half", ["lake.sqlite", "lake", "lake/warehouse.json", "warehouse.duckdb"])
def test_a_missing_half_is_an_error_that_names_it_and_the_way_back(
    warehouse: Warehouse, half: str
) -> None:
    path = warehouse.folder / half
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = sorted(warehouse.folder.rglob("*.parquet"))
    with pytest.raises(InputError) as caught:
        open_and_close(warehouse)
    assert f"{path} is missing" in str(caught.value) or "warehouse.json is missing" in str(
        caught.value
    )
    assert "backup" in str(caught.value)
    assert sorted(warehouse.folder.rglob("*.parquet")) == before
    assert damages(warehouse)
    with pytest.raises(InputError):  # and again: nothing was made meanwhile
        open_and_close(warehouse)


@pytest.mark.parametrize("half", ["lake.sqlite", "lake/warehouse.json", "warehouse.duckdb"])
def test_a_half_of_another_warehouse_is_an_error_that_names_both(
    warehouse: Warehouse, tmp_path: Path, half: str
) -> None:
    other = new_warehouse(tmp_path / "other")
    shutil.copy(other.folder / half, warehouse.folder / half)
    with pytest.raises(InputError) as caught:
        open_and_close(warehouse)
    assert str(warehouse.folder) in str(caught.value)
    assert damages(warehouse)


@pytest.mark.parametrize(
    ("exchanged", "advice"),
    [
        (("lake.sqlite",), "repair catalogue"),
        (("lake",), "Put back the data folder of warehouse"),
        (("lake.sqlite", "warehouse.duckdb"), "lake.sqlite and warehouse.duckdb of warehouse"),
    ],
)
def test_the_advice_for_exchanged_halves_loses_nothing(
    warehouse: Warehouse, tmp_path: Path, exchanged: tuple[str, ...], advice: str
) -> None:
    """The catalogue's copy in another warehouse's data folder is no way back."""
    other, kept = new_warehouse(tmp_path / "other"), tmp_path / "kept"
    kept.mkdir()
    for half in exchanged:
        (warehouse.folder / half).replace(kept / half)
        (other.folder / half).replace(warehouse.folder / half)
    with pytest.raises(InputError) as caught:
        open_and_close(warehouse)
    assert advice in str(caught.value)
    assert ("repair catalogue" in str(caught.value)) == (exchanged == ("lake.sqlite",))
    assert any(advice in str(finding) for finding in damages(warehouse))
    for half in exchanged:
        shutil.rmtree(warehouse.folder / half, ignore_errors=True)
        (kept / half).replace(warehouse.folder / half)
    open_and_close(warehouse)
    assert damages(warehouse) == []


def test_yesterdays_catalogue_is_an_error_and_the_kept_copy_brings_today_back(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    yesterday = tmp_path / "yesterday"
    shutil.copytree(warehouse.folder, yesterday)
    write(warehouse, "insert into lake.operations.run_ledger from range(100, 200)")
    for half in ("lake.sqlite", "warehouse.duckdb"):
        shutil.copy(yesterday / half, warehouse.folder / half)
    with pytest.raises(InputError, match="is not what the last build"):
        open_and_close(warehouse)
    assert damages(warehouse)
    repair_catalog(warehouse, "ana", "restored the wrong file")
    open_and_close(warehouse)
    assert damages(warehouse) == []
    with connect_lake(warehouse) as lake:
        assert lake.execute("select count(*) from lake.operations.run_ledger").fetchall() == [
            (200,)
        ]


def test_a_lost_catalogue_comes_back_from_its_copy(warehouse: Warehouse) -> None:
    warehouse.catalog.unlink()
    repair_catalog(warehouse, "ana", "deleted by mistake")
    open_and_close(warehouse)
    with connect_lake(warehouse) as lake:
        assert lake.execute("select count(*) from lake.raw.orders").fetchall() == [(1000,)]


def test_a_working_set_is_made_anew_once_a_person_says_so(warehouse: Warehouse) -> None:
    warehouse.working_set.unlink()
    repair_working_set(warehouse, "ana", "disk error")
    open_and_close(warehouse)
    warehouse.working_set.unlink()
    with pytest.raises(InputError, match=r"warehouse\.duckdb is missing"):
        open_and_close(warehouse)


def test_a_person_may_go_on_with_an_older_catalogue(warehouse: Warehouse, tmp_path: Path) -> None:
    shutil.copy(warehouse.catalog, tmp_path / "older.sqlite")
    write(warehouse, "insert into lake.operations.run_ledger from range(100, 200)")
    shutil.copy(tmp_path / "older.sqlite", warehouse.catalog)
    repair_identity(warehouse, "ana", "the backup of yesterday is all there is")
    open_and_close(warehouse)
    assert damages(warehouse) == []


@pytest.mark.parametrize("content", [b"", b"\0" * 4096])
def test_a_creation_that_was_killed_is_begun_again(tmp_path: Path, content: bytes) -> None:
    """Former versions left a catalogue of 0 or 4,096 bytes, which no later build got past."""
    warehouse = Warehouse(tmp_path)
    if content:
        with sqlite3.connect(warehouse.catalog) as empty:
            empty.execute("pragma journal_mode = wal")
            empty.execute("create table page (number)")
            empty.execute("drop table page")
        empty.close()
    else:
        warehouse.catalog.write_bytes(content)
    open_and_close(warehouse)
    assert damages(warehouse) == []


def test_a_killed_writer_leaves_a_catalogue_that_opens(warehouse: Warehouse) -> None:
    """Without a seal: what it committed is there, and is sealed by the next one."""
    halves.reopen(warehouse)
    with duckdb.connect() as lake:
        lake.execute(warehouse.attach_sql(read_only=False))
        lake.execute("insert into lake.operations.run_ledger from range(100, 200)")
    open_and_close(warehouse)
    assert damages(warehouse) == []


def test_another_program_may_commit_to_the_lake(warehouse: Warehouse) -> None:
    with duckdb.connect() as lake:
        lake.execute(warehouse.attach_sql(read_only=False))
        lake.execute("insert into lake.operations.run_ledger from range(100, 200)")
    open_and_close(warehouse)
    assert damages(warehouse) == []


def test_a_copied_warehouse_is_read_where_it_is(warehouse: Warehouse, tmp_path: Path) -> None:
    """By the statement that `connect` prints, before any build: never from the original."""
    copy = Warehouse(tmp_path / "copy")
    shutil.copytree(warehouse.folder, copy.folder)
    with duckdb.connect() as reader:
        reader.execute(print_attach(copy))
        files = reader.execute("select distinct filename from lake.raw.orders").fetchall()
    assert all(file.startswith(str(copy.folder)) for (file,) in files)
