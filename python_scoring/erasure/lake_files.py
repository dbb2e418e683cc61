"""Remains of deleted rows in DuckLake: data files, snapshots, statistics in the catalog."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import duckdb
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.errors import PredictionError
from python_scoring.project.sql_text import identifier
from python_scoring.warehouse import Warehouse, inlined_rows

# In seconds. A reader's query on the catalog takes milliseconds; a session left open takes longer.
LOCK_TIMEOUT = 60.0

# In this order: snapshots that refer to the former files expire, and those files are deleted, with
# those of a killed build.
LET_GO = (
    "call ducklake_expire_snapshots('lake', older_than => now() + interval 1 day)",
    "call ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "call ducklake_delete_orphaned_files('lake', cleanup_all => true)",
)

# For all text columns: the smallest value may be a digest of an erased row, which DuckLake keeps.
# Exact if every file has the statistic; else null, which readers treat as any value.
SET_STATISTIC = """
update ducklake_table_column_stats set {statistic} = (
    select case when count(*) = count(files.{statistic}) then {function}(files.{statistic}) end
    from ducklake_file_column_stats as files
    inner join ducklake_data_file using (data_file_id)
    where
        files.table_id = ducklake_table_column_stats.table_id
        and files.column_id = ducklake_table_column_stats.column_id
        and end_snapshot is null
        and value_count > coalesce(null_count, 0)
)
where (table_id, column_id) in (
    select table_id, column_id from ducklake_column where column_type = 'varchar'
)
"""
STATISTICS = {"min_value": "min", "max_value": "max"}


class _InUseError(Exception):
    """A reader holds the catalog at this moment."""


def wait_for_readers(warehouse: Warehouse) -> None:
    """Wait until no reader is in a transaction that began before: its snapshot is about to go.

    It would otherwise find fewer rows, or none, without an error. This process must not have the
    lake attached. Raises PredictionError as `clean_catalog` does.
    """
    with closing(sqlite3.connect(warehouse.catalog, timeout=1)) as catalog:
        # A commit, after which whoever reads now reads a former state, at which a checkpoint stops.
        [(version,)] = catalog.execute("pragma user_version").fetchall()
        _retry_locked(lambda: catalog.execute(f"pragma user_version = {version}"))
        _retry_locked(lambda: _checkpoint(catalog, "full"))


def rewrite(lake: duckdb.DuckDBPyConnection) -> None:
    """Write files anew of which rows are deleted; the former ones stay for former snapshots.

    The lake inlines no rows. Rows that stand in the catalogue become files first: DuckLake rewrites
    no file of a table with inlined numbers ("No function matches ... isnan(VARCHAR)").
    """
    inlined_rows.write_to_files(lake, more_than=0)
    lake.execute("call ducklake_rewrite_data_files('lake', delete_threshold => 0)").fetchall()


def let_go(lake: duckdb.DuckDBPyConnection) -> None:
    """Expire all snapshots but the newest, and delete their files.

    Call `wait_for_readers` before, or a reader of theirs fails, or finds fewer rows.
    """
    for statement in LET_GO:
        lake.execute(statement).fetchall()


def clean_catalog(warehouse: Warehouse, subjects: DataSubjects) -> None:
    """Remove deleted rows, and the data subjects from statistics, texts and freed pages.

    This process must not have the lake attached. Raises PredictionError where a reader holds the
    catalog for LOCK_TIMEOUT seconds.
    """
    with closing(sqlite3.connect(warehouse.catalog, timeout=10)) as catalog:
        _retry_locked(lambda: inlined_rows.purge(catalog))
        _retry_locked(lambda: _remove(catalog, subjects))
        _retry_locked(lambda: catalog.execute("vacuum"))
        _retry_locked(lambda: _checkpoint(catalog, "truncate"))


def _remove(catalog: sqlite3.Connection, subjects: DataSubjects) -> None:
    with catalog:
        for statistic, function in STATISTICS.items():
            catalog.execute(SET_STATISTIC.format(statistic=statistic, function=function))
        for table, column, value in _values(catalog, subjects):
            new = None if column in STATISTICS else subjects.without(value)
            catalog.execute(
                f"update {identifier(table)} set {identifier(column)} = ?"  # noqa: S608 - quoted
                f" where {identifier(column)} = ?",
                [new, value],
            )


def _values(catalog: sqlite3.Connection, subjects: DataSubjects) -> list[tuple[str, str, str]]:
    found = []
    catalog.create_function("is_named", 1, subjects.are_named_in, deterministic=True)
    tables = catalog.execute("select name from sqlite_master where type = 'table' order by name")
    for (table,) in tables.fetchall():
        for _, column, *_ in catalog.execute(f"pragma table_info({identifier(table)})").fetchall():
            query = (
                f"select distinct {identifier(column)} from {identifier(table)}"  # noqa: S608 - quoted
                f" where case typeof({identifier(column)}) when 'text'"
                f" then is_named({identifier(column)}) end"
            )
            found += [(table, column, value) for (value,) in catalog.execute(query).fetchall()]
    return found


def _checkpoint(catalog: sqlite3.Connection, mode: str) -> None:
    """`full` stops at readers of a former state, `truncate` at every reader."""
    (is_busy, *_) = catalog.execute(f"pragma wal_checkpoint({mode})").fetchone()
    if is_busy:
        raise _InUseError("the log is read")


def _retry_locked(work: Callable[[], object]) -> None:
    @retry(
        retry=retry_if_exception_type((_InUseError, sqlite3.OperationalError)),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(LOCK_TIMEOUT),
        reraise=True,
    )
    def attempt() -> None:
        work()

    try:
        attempt()
    except (_InUseError, sqlite3.OperationalError) as error:
        raise PredictionError(
            f"lake.sqlite cannot be written anew ({error}): a reader has kept one transaction on "
            f"the lake open for {LOCK_TIMEOUT:g} s, and former bytes stay while they do. "
            "End that "
            "reader, and run the same command again; it goes on from here."
        ) from error
