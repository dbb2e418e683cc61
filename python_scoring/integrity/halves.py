"""The halves of a warehouse: working set, catalogue and data folder carry one identity.

Only an empty folder is new. Where a half is missing, or belongs to another warehouse, nothing is
opened: a missing catalogue would look like a first build, and its history would be gone.
"""

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import duckdb

from python_scoring.errors import InputError
from python_scoring.integrity import catalogue, record
from python_scoring.integrity.data_files import Damage, DataFile, list_files, verify
from python_scoring.integrity.paths import WarehousePaths
from python_scoring.integrity.record import Record

IDENTITY = "main.warehouse_identity"  # in the working set


def open_for_writing(paths: WarehousePaths, create: Callable[[], None]) -> str:
    """Check the halves, and note that the catalogue is open; returns the warehouse's identity.

    The caller holds the writer's lock and has nothing open. `create` makes an empty catalogue where
    the folder is new. A warehouse of a former version gets its identity here. Raises InputError,
    which names both halves and the way back, where one is missing, older, or another's.
    """
    if paths.catalog.exists() and catalogue.is_unfinished(paths.catalog) and not _has_data(paths):
        for path in catalogue.files_of(paths.catalog):
            path.unlink()
    if not paths.catalog.exists():
        _refuse_missing_catalog(paths)
        create()
    known = record.read(paths.record)
    try:
        if known:
            require_one_warehouse(paths, known)
            catalogue.check_seal(paths, known)
        with catalogue.opened(paths.catalog) as catalog:
            known = _agreed(paths, catalog, known)
    except sqlite3.DatabaseError as error:
        raise catalogue.damaged(paths, str(error)) from error
    record.write(paths.record, replace(known, is_open=True))
    return known.warehouse_id


def require_one_warehouse(paths: WarehousePaths, known: Record) -> None:
    """Raise InputError where catalogue and data folder are of two warehouses.

    The working set tells which of the two is not at home: the copy of the catalogue that lies in
    another warehouse's data folder is no way back. A catalogue without identity, or one that cannot
    be read, is for `catalogue.check_seal` to judge.
    """
    identity = None
    with suppress(sqlite3.DatabaseError), catalogue.opened(paths.catalog, read_only=True) as found:
        identity = catalogue.read_identity(found)
    if identity in (None, known.warehouse_id):
        return
    belongs = (
        f"{paths.catalog} belongs to warehouse {identity}, {paths.data_folder} to warehouse "
        f"{known.warehouse_id}, "
    )
    working_set = _identity_of_working_set(paths)
    if working_set == known.warehouse_id:
        raise InputError(f"{belongs}and so does {paths.working_set}. {_way_back()}")
    if working_set == identity:
        raise InputError(
            f"{belongs}{paths.working_set} to that of the catalogue. Put back the data folder of "
            f"warehouse {identity}; or, where the folder is the right one, lake.sqlite and "
            f"warehouse.duckdb of warehouse {known.warehouse_id}. Nothing was read or changed."
        )
    raise InputError(
        f"{belongs}and {paths.working_set} is of neither. Restore lake.sqlite and lake/ from one "
        "backup. Only where the data folder is the right one, put back the copy of the catalogue "
        "that is kept in it: customer-predictions repair catalogue --by NAME --reason TEXT"
    )


def _identity_of_working_set(paths: WarehousePaths) -> str | None:
    """None where it is missing, damaged, in use, or of a former version."""
    if not paths.working_set.exists():
        return None
    with suppress(duckdb.Error), duckdb.connect(str(paths.working_set), read_only=True) as found:
        query = f"select warehouse_id from {IDENTITY}"  # noqa: S608 - ours
        return next((str(each) for (each,) in found.execute(query).fetchall()), None)
    return None


def reopen(paths: WarehousePaths) -> None:
    """Note that the catalogue is open again; the caller holds the writer's lock."""
    known = record.read(paths.record)
    if known and not known.is_open:
        record.write(paths.record, replace(known, is_open=True))


def require_history(paths: WarehousePaths) -> tuple[list[DataFile], list[Damage]]:
    """The data files of the lake, and those that are missing or of another size.

    Damage is of tables that can be made anew. Raises InputError where another one is damaged, the
    ledger and its like: without them no build can know what happened.
    """
    with catalogue.opened(paths.catalog) as catalog:
        files = list_files(catalog, paths)
        catalog.commit()
    damaged = verify([file for file in files if not can_be_made_anew(file)], content=True)
    if damaged:
        raise InputError(
            "; ".join(str(each) for each in damaged)
            + ". Every build reads it and nothing makes it anew. A file of the lake never changes: "
            "copy it back from any backup that has it, under its name, and build again. Nothing "
            "was built; what is served stays as it is."
        )
    return files, verify([file for file in files if can_be_made_anew(file)], content=False)


def can_be_made_anew(file: DataFile) -> bool:
    """Whether a build knows how to make a file's rows again."""
    return file.kind == "data" and file.kind_of_table != "history"


def check_working_set(
    paths: WarehousePaths, working_set: duckdb.DuckDBPyConnection, warehouse_id: str
) -> None:
    """Compare the identity of the working set, or write it into one that has none.

    Raises InputError where it is another warehouse's.
    """
    tables = "select count(*) from duckdb_tables() where schema_name = 'main' and table_name = ?"
    name = IDENTITY.partition(".")[2]
    if not working_set.execute(tables, [name]).fetchall()[0][0]:
        working_set.execute(f"create table {IDENTITY} as select ? as warehouse_id", [warehouse_id])
        return
    found = working_set.execute(f"select warehouse_id from {IDENTITY}").fetchall()  # noqa: S608 - ours
    if found != [(warehouse_id,)]:
        raise InputError(
            f"{paths.working_set} belongs to warehouse {found[0][0] if found else 'none'}, "
            f"{paths.catalog} to warehouse {warehouse_id}. Restore both from one backup. The "
            "working set holds nothing durable: `customer-predictions repair working-set "
            "--by NAME --reason TEXT` puts it aside, and the next build makes it anew."
        )


def require_working_set(paths: WarehousePaths) -> None:
    """Raise InputError where the working set is missing and the lake is not new."""
    if paths.working_set.exists():
        return
    known = record.read(paths.record)
    with catalogue.opened(paths.catalog, read_only=True) as catalog:
        is_new = not catalogue.has_tables(catalog)
    if is_new or (known and known.working_set_may_be_missing):
        return
    raise InputError(
        f"{paths.working_set} is missing, and {paths.catalog} is there with the lake of a "
        "warehouse. Restore it from the backup made with the lake; or, since it holds nothing "
        "durable (Elementary's history starts again), have the next build make it anew: "
        "customer-predictions repair working-set --by NAME --reason TEXT"
    )


def working_set_is_there(paths: WarehousePaths) -> None:
    """From now on a missing working set is an error again."""
    known = record.read(paths.record)
    if known and known.working_set_may_be_missing:
        record.write(paths.record, replace(known, working_set_may_be_missing=False))


def _agreed(paths: WarehousePaths, catalog: sqlite3.Connection, known: Record | None) -> Record:
    """The record of a warehouse whose catalogue and data folder belong together."""
    identity = catalogue.read_identity(catalog)
    if known is None:
        missing = [file.path for file in list_files(catalog, paths)]
        catalog.commit()
        if identity and missing:
            raise InputError(
                f"{paths.record} is missing, and {paths.catalog} belongs to warehouse {identity} "
                f"and lists {len(missing):,} files there: the data folder is another one, or gone. "
                "Restore lake/ and lake.sqlite from one backup. Where they belong together: "
                "customer-predictions repair identity --by NAME --reason TEXT"
            )
        if missing and not paths.data_folder.is_dir():
            raise InputError(
                f"{paths.data_folder} is missing, and {paths.catalog} lists {len(missing):,} files "
                "there. Restore lake/ and lake.sqlite from one backup."
            )
        identity = identity or str(uuid.uuid4())
        catalogue.write_identity(catalog, identity)
        return Record(identity)
    if identity is None:
        raise InputError(
            f"{paths.catalog} has no identity, and {paths.record} belongs to warehouse "
            f"{known.warehouse_id}: the catalogue is an older or another one, and what was "
            f"published since is not in it. {_way_back()}"
        )
    snapshot = catalogue.newest_snapshot(catalog)
    if snapshot < known.snapshot:
        raise InputError(
            f"{paths.catalog} is older than {paths.data_folder}: its newest snapshot is "
            f"{snapshot}, that of the last build was {known.snapshot}. What was published in "
            f"between is not in it. {_way_back()}"
        )
    return known


def _way_back() -> str:
    return (
        "Put back the copy of the catalogue that the last build kept in lake/: "
        "customer-predictions repair catalogue --by NAME --reason TEXT; or restore lake.sqlite and "
        "lake/ from one backup. To go on with what is there: customer-predictions repair identity "
        "--by NAME --reason TEXT"
    )


def _refuse_missing_catalog(paths: WarehousePaths) -> None:
    kept = [path for path in (paths.working_set, paths.record) if path.exists()]
    if _has_data(paths):
        kept.append(paths.data_folder)
    if kept == [paths.working_set] and _is_empty(paths):
        return
    if kept:
        there = " and ".join(str(path) for path in kept)
        raise InputError(
            f"{paths.catalog} is missing, and {there} {'is' if len(kept) == 1 else 'are'} there: "
            "this is no new warehouse, and a build would begin its history anew. Put back the copy "
            "of the catalogue that the last build kept in lake/: customer-predictions repair "
            "catalogue --by NAME --reason TEXT; or restore lake.sqlite and lake/ from one backup. "
            "For a new warehouse, set WAREHOUSE to an empty folder. Nothing was built."
        )


def _has_data(paths: WarehousePaths) -> bool:
    return next(paths.data_folder.rglob("*.parquet"), None) is not None


def _is_empty(paths: WarehousePaths) -> bool:
    """Whether the working set has no tables: a process was killed right after it made the file."""
    with suppress(duckdb.Error), duckdb.connect(str(paths.working_set), read_only=True) as found:
        tables = found.execute("select table_name from duckdb_tables()").fetchall()
        return set(tables) <= {(IDENTITY.partition(".")[2],)}
    return paths.working_set.stat().st_size == 0
