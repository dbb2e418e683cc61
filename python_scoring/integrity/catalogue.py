"""The catalogue, `lake.sqlite`: its creation, its seal, and the copy of it that is kept.

Nobody else in this process may have the catalogue open: a second SQLite library that closes a file
lets go of the locks of the first.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from python_scoring.errors import InputError
from python_scoring.integrity import data_files, record
from python_scoring.integrity.digests import file_sha256
from python_scoring.integrity.paths import WarehousePaths
from python_scoring.integrity.record import Record
from python_scoring.project.sql_text import identifier

IDENTITY = "customer_predictions_identity"
# Enough to know a lake: what DuckLake makes first.
DUCKLAKE = "ducklake_snapshot"
DIFFERS = """
select
    (select count(*) from {kept}) <> (select count(*) from {present})
    or exists (select * from {kept} except select * from {present})
    or exists (select * from {present} except select * from {kept})
"""
FIRST_PAGE = 4096  # bytes; what SQLite writes before anything is in a database
BUSY_TIMEOUT = 10.0  # seconds


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[sqlite3.Connection]:
    """The catalogue, in transactions that the caller commits."""
    mode = "ro" if read_only else "rw"
    address = f"{path.as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)) as catalog:
        yield catalog


def is_unfinished(path: Path) -> bool:
    """Whether a process was killed while it made this catalogue: nothing is in it."""
    if not path.stat().st_size:
        return True
    try:
        with opened(path, read_only=True) as catalog:
            return not has_table(catalog, DUCKLAKE)
    except sqlite3.DatabaseError:
        return path.stat().st_size <= FIRST_PAGE


def has_table(catalog: sqlite3.Connection, name: str) -> bool:
    """Whether the catalogue has a table of this name."""
    found = catalog.execute(
        "select count(*) from sqlite_master where type = 'table' and name = ?", [name]
    )
    return bool(found.fetchone()[0])


def read_identity(catalog: sqlite3.Connection) -> str | None:
    """The identity of the warehouse; None in a warehouse of a former version."""
    if not has_table(catalog, IDENTITY):
        return None
    found = catalog.execute(f"select warehouse_id from {IDENTITY}").fetchone()  # noqa: S608 - ours
    return str(found[0]) if found else None


def write_identity(catalog: sqlite3.Connection, warehouse_id: str) -> None:
    """Make it the catalogue of this warehouse."""
    with catalog:
        catalog.execute(f"create table if not exists {IDENTITY} (warehouse_id varchar not null)")
        catalog.execute(f"delete from {IDENTITY}")  # noqa: S608 - ours
        catalog.execute(f"insert into {IDENTITY} values (?)", [warehouse_id])  # noqa: S608 - ours


def newest_snapshot(catalog: sqlite3.Connection) -> int:
    """The number of the lake's newest snapshot."""
    return int(catalog.execute("select max(snapshot_id) from ducklake_snapshot").fetchone()[0])


def has_tables(catalog: sqlite3.Connection) -> bool:
    """Whether the lake has a table; one that was just made has none."""
    found = catalog.execute("select exists (select 1 from ducklake_table)").fetchone()
    return bool(found[0])


def files_of(path: Path) -> list[Path]:
    """The catalogue with SQLite's write-ahead log and its index, as far as they are there."""
    files = [path.with_name(f"{path.name}{suffix}") for suffix in ("", "-wal", "-shm")]
    return [file for file in files if file.exists()]


def digests(path: Path) -> tuple[str, str | None]:
    """SHA-256 of the catalogue and of its write-ahead log, None where that is empty."""
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return file_sha256(path), file_sha256(log) if has_log else None


def seal(paths: WarehousePaths, known: Mapping[Path, str] | None = None) -> None:
    """Record digests of new files, and of the catalogue as it is now; keep a copy of it.

    The caller holds the writer's lock. `known` are digests of files that were taken when they were
    committed. Damage that it meets is left for the next build to find.
    """
    former = record.read(paths.record)
    if former is None or not paths.catalog.exists():
        return
    with opened(paths.catalog) as catalog:
        with catalog:
            files = data_files.list_files(catalog, paths)
            data_files.record_digests(catalog, files, known or {})
            data_files.forget_digests(catalog)
        catalog.execute("pragma wal_checkpoint(truncate)").fetchall()
        snapshot = newest_snapshot(catalog)
    sha256, log_sha256 = digests(paths.catalog)
    copy_sha256 = former.copy_sha256
    if sha256 != former.catalog_sha256 or not _has_copy(paths, copy_sha256):
        copy_sha256 = _keep_copy(paths)
    record.write(
        paths.record,
        replace(
            former, snapshot=snapshot, is_open=False, catalog_sha256=sha256, log_sha256=log_sha256,
            copy_sha256=copy_sha256,
        ),
    )  # fmt: skip


def _has_copy(paths: WarehousePaths, sha256: str | None) -> bool:
    return (
        bool(sha256) and paths.catalog_copy.exists() and file_sha256(paths.catalog_copy) == sha256
    )


def _keep_copy(paths: WarehousePaths) -> str:
    unfinished = paths.catalog_copy.with_name(f"{paths.catalog_copy.name}.new")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o666))  # as the umask says
    with opened(paths.catalog) as catalog, closing(sqlite3.connect(unfinished)) as copy:
        catalog.backup(copy)
        copy.execute("pragma journal_mode = delete").fetchall()
    sha256 = file_sha256(unfinished)
    unfinished.replace(paths.catalog_copy)
    return sha256


def differences(paths: WarehousePaths) -> list[str]:
    """Tables in which the catalogue differs from its copy; none where only bytes differ."""
    with closing(sqlite3.connect(paths.catalog_copy)) as catalog:
        catalog.execute("attach ? as present", [str(paths.catalog)])
        query = "select name, sql from {}.sqlite_master where type = 'table' order by name"
        kept, present = (
            dict(catalog.execute(query.format(each)).fetchall()) for each in ("main", "present")
        )
        found = sorted(kept.items() ^ present.items())
        if found:
            return sorted({name for name, _ in found})
        changed = []
        for name in kept:
            quoted = identifier(name)
            comparison = DIFFERS.format(kept=f"main.{quoted}", present=f"present.{quoted}")
            if catalog.execute(comparison).fetchone()[0]:
                changed.append(name)
        return changed


def check_seal(paths: WarehousePaths, known: Record) -> None:
    """Raise InputError where the catalogue is not as the last writer left it.

    Of an open one, left by a process that was killed, and of one to which another program committed
    since, SQLite's own structure is checked.
    """
    is_open = known.is_open or known.catalog_sha256 is None
    if not is_open and digests(paths.catalog) == (known.catalog_sha256, known.log_sha256):
        return
    with opened(paths.catalog, read_only=True) as catalog:
        found = catalog.execute("pragma quick_check").fetchone()[0]
        if found != "ok":
            raise damaged(paths, str(found).partition("\n")[0])
        if is_open or newest_snapshot(catalog) > known.snapshot:
            return
    if _has_copy(paths, known.copy_sha256):
        try:
            changed = differences(paths)
        except sqlite3.Error as error:
            raise damaged(paths, str(error)) from error
        if not changed:
            return
        raise damaged(paths, f"it differs from its copy in {', '.join(changed)}")
    raise damaged(paths, "its SHA-256 is another one, and so is that of its copy")


def damaged(paths: WarehousePaths, detail: str) -> InputError:
    """The error of a catalogue that is not what the last build or command left."""
    return InputError(
        f"{paths.catalog} is not what the last build or command left: {detail}. It is damaged, or "
        "another program wrote to it. Nothing was read from it. Put back the copy that was kept "
        f"of it ({paths.catalog_copy}): customer-predictions repair catalogue --by NAME "
        "--reason TEXT; or restore it from a backup. Where a person changed it on purpose: "
        "customer-predictions repair identity --by NAME --reason TEXT"
    )
