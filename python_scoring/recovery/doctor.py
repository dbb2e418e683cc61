"""Examination of a warehouse: every half, the catalogue and every file; changes nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import duckdb
from filelock import Timeout

from python_scoring.errors import InputError
from python_scoring.integrity import catalogue, record
from python_scoring.integrity.data_files import DataFile, list_files, verify
from python_scoring.integrity.halves import IDENTITY, require_one_warehouse
from python_scoring.project.sql_text import identifier
from python_scoring.warehouse import Warehouse, require_lake

# What to do about a damaged file, by the schema of its table.
RESTORE = "copy it back from any backup that has it: a file of the lake never changes"
RESTORE_BOTH = (
    "restore lake.sqlite and lake/ from one backup; where they belong together, "
    "customer-predictions repair identity"
)
REMEDIES = {
    "predictions": "run `VERIFY_FILES=all dbt build`: it puts the file aside, serves the last "
    "intact run and names the run to republish",
    "features": "run `VERIFY_FILES=all dbt build`: it computes the snapshot again, identical by "
    "its digest",
    "raw": "run `VERIFY_FILES=all dbt build`: it puts the file aside, and the next build lands its "
    "rows again from RAW_DATA",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was examined."""

    subject: str  # working set, catalogue, data folder, data files, or a file
    problem: str | None  # None where it is as it should be
    detail: str  # what was found, or what to do

    def __str__(self) -> str:
        """A line for people."""
        if self.problem:
            return f"DAMAGE  {self.subject}: {self.problem}. To do: {self.detail}"
        return f"ok      {self.subject}: {self.detail}"


def examine(warehouse: Warehouse, *, quick: bool) -> Iterator[Finding]:
    """What is wrong with a warehouse, or right; `quick` reads no data file.

    Raises InputError where there is no warehouse.
    """
    if not (warehouse.working_set.exists() or warehouse.data_folder.exists()):
        require_lake(warehouse)
    is_busy = _is_busy(warehouse)
    if is_busy:
        yield Finding("writer", None, "a build or another writer is running: its files are new")
    known, problem = _record(warehouse)
    if problem:
        yield problem
    if not warehouse.catalog.exists():
        yield Finding(
            "catalogue",
            f"{warehouse.catalog} is missing",
            "customer-predictions repair catalogue puts back the copy that the last build kept; "
            "or restore lake.sqlite and lake/ from one backup",
        )
        return
    try:
        with catalogue.opened(warehouse.catalog, read_only=True) as catalog:
            identity = catalogue.read_identity(catalog)
        yield _catalogue(warehouse, identity, known, is_busy=is_busy)
        files = _files(warehouse)
    except (sqlite3.DatabaseError, InputError) as error:
        yield Finding("catalogue", str(error), "customer-predictions repair catalogue")
        return
    yield from _identities(warehouse, identity, known)
    yield from _data_files(files, quick=quick)
    yield _orphans(warehouse)
    yield from _working_set(warehouse, identity, is_busy=is_busy)


def _is_busy(warehouse: Warehouse) -> bool:
    lock = warehouse.writer_lock()
    try:
        with lock.acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _record(warehouse: Warehouse) -> tuple[record.Record | None, Finding | None]:
    try:
        return record.read(warehouse.record), None
    except InputError as error:
        problem, _, remedy = str(error).partition(". ")
        return None, Finding("data folder", problem, remedy)


def _catalogue(
    warehouse: Warehouse, identity: str | None, known: record.Record | None, *, is_busy: bool
) -> Finding:
    with catalogue.opened(warehouse.catalog, read_only=True) as catalog:
        found = catalog.execute("pragma integrity_check(1)").fetchone()[0]
        if found != "ok":
            return Finding(
                "catalogue", f"{warehouse.catalog} is damaged: {found}",
                "customer-predictions repair catalogue",
            )  # fmt: skip
        snapshot = catalogue.newest_snapshot(catalog)
    if known and not is_busy and identity in (None, known.warehouse_id):
        try:
            catalogue.check_seal(warehouse, known)
        except InputError as error:
            problem, _, remedy = str(error).partition(". ")
            return Finding("catalogue", problem, remedy)
    if known and snapshot < known.snapshot:
        return Finding(
            "catalogue",
            f"{warehouse.catalog} is older than {warehouse.data_folder}: snapshot {snapshot}, and "
            f"the last build left {known.snapshot}",
            "customer-predictions repair catalogue, or restore both from one backup",
        )
    return Finding("catalogue", None, f"{warehouse.catalog}, snapshot {snapshot}")


def _files(warehouse: Warehouse) -> list[DataFile]:
    """The files of the lake; of a former version's too, whose catalogue has no digests yet."""
    with catalogue.opened(warehouse.catalog, read_only=True) as catalog:
        catalog.execute("attach ':memory:' as scratch")
        if not catalogue.has_table(catalog, "customer_predictions_files"):
            catalog.execute(
                "create table scratch.customer_predictions_files"
                " (kind varchar, file_id bigint, size_bytes bigint, sha256 varchar)"
            )
        return list_files(catalog, warehouse, create=False)


def _identities(
    warehouse: Warehouse, identity: str | None, known: record.Record | None
) -> Iterator[Finding]:
    if known and known.warehouse_id != identity:
        try:
            require_one_warehouse(warehouse, known)
            problem, remedy = f"{warehouse.catalog} has no identity", RESTORE_BOTH
        except InputError as error:
            problem, _, remedy = str(error).partition(". ")
        yield Finding("data folder", problem, remedy)
    elif known:
        yield Finding("data folder", None, f"warehouse {identity}")
    elif identity:
        yield Finding(
            "data folder",
            f"{warehouse.record} is missing or damaged",
            "restore it, or customer-predictions repair identity",
        )
    else:
        yield Finding(
            "data folder", None, "of a former version: the next build gives it an identity"
        )


def _data_files(files: list[DataFile], *, quick: bool) -> Iterator[Finding]:
    damaged = verify(files, content=not quick)
    for each in damaged:
        yield Finding("file", str(each), REMEDIES.get(each.file.schema, RESTORE))
    unsealed = sum(file.sha256 is None for file in files)
    size = sum(file.size for file in files)
    how = "by size" if quick else "by SHA-256"
    yield Finding(
        "data files",
        None,
        f"{len(files) - len(damaged):,} of {len(files):,} intact {how}, {size / 1e6:,.1f} MB"
        + (f"; {unsealed:,} have no digest yet" if unsealed else ""),
    )


def _orphans(warehouse: Warehouse) -> Finding:
    with catalogue.opened(warehouse.catalog, read_only=True) as catalog:
        kept = catalog.execute("select count(*) from ducklake_data_file").fetchone()[0]
    present = sum(1 for _ in warehouse.data_folder.rglob("*.parquet"))
    others = max(0, present - int(kept))
    return Finding(
        "other files", None, f"{others:,} that no table has: left by killed builds, or put aside"
    )


def _working_set(warehouse: Warehouse, identity: str | None, *, is_busy: bool) -> Iterator[Finding]:
    remedy = "customer-predictions repair working-set; it holds nothing durable"
    if not warehouse.working_set.exists():
        known, _ = _record(warehouse)
        if known and known.working_set_may_be_missing:
            yield Finding("working set", None, "the next build makes it anew, as was decided")
        else:
            yield Finding("working set", f"{warehouse.working_set} is missing", remedy)
        return
    if is_busy:
        yield Finding("working set", None, "in use by the writer")
        return
    try:
        with duckdb.connect(str(warehouse.working_set), read_only=True) as working_set:
            schema, name = IDENTITY.split(".")
            tables = working_set.execute(
                "select schema_name, table_name from duckdb_tables() where not temporary"
            ).fetchall()
            for each in tables:
                quoted = ".".join(map(identifier, each))
                # Reads every block, of which DuckDB compares the checksum.
                working_set.execute(f"select bit_xor(hash(rows)) from {quoted} as rows").fetchall()  # noqa: S608 - quoted
            found = None
            if (schema, name) in tables:
                [(found,)] = working_set.execute(f"select warehouse_id from {IDENTITY}").fetchall()  # noqa: S608 - ours
    except duckdb.Error as error:
        reason = str(error).strip().partition("\n")[0]
        yield Finding("working set", f"{warehouse.working_set} cannot be read: {reason}", remedy)
        return
    if found and identity and found != identity:
        yield Finding(
            "working set", f"{warehouse.working_set} belongs to warehouse {found}, not {identity}",
            remedy,
        )  # fmt: skip
        return
    yield Finding("working set", None, f"{warehouse.working_set}, {len(tables)} tables")


def print_attach(warehouse: Warehouse) -> str:
    """The SQL by which a reader attaches this warehouse, wherever it was moved to."""
    with suppress(InputError):
        require_lake(warehouse)
    return f"{warehouse.attach_sql(read_only=True)};"
