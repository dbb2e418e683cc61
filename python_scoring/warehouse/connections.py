"""Warehouse folder: a DuckDB file with working tables, and a DuckLake with durable ones.

Readers use `connect_lake`. Commands that write while builds may run use `write_to_lake`.
"""

import importlib.resources
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random_exponential

from python_scoring.clock import frozen_clock
from python_scoring.errors import InputError
from python_scoring.integrity import catalogue, halves
from python_scoring.integrity.paths import WarehousePaths
from python_scoring.project.sql_text import literal

# Readers wait for a commit instead of failing, and never block one.
ATTACH_OPTIONS = "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000"

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner")

# Seconds that a commit is repeated while a writer without the lock, such as a shell, commits.
CONFLICT_TIMEOUT = 30.0

# Default seconds that a build waits for another writer: longer than a command's transaction.
WAIT = "WAIT_FOR_BUILD"
LOCK_TIMEOUT = 60.0

# Seconds that a command waits: longer than other commands hold the lock, shorter than a build.
COMMAND_TIMEOUT = 5.0


def lock_timeout() -> float:
    """Return the seconds that a build waits for another writer, from WAIT_FOR_BUILD.

    Raises InputError if that is not a number of seconds.
    """
    text = os.environ.get(WAIT) or str(LOCK_TIMEOUT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InputError(f"{WAIT}={text}: expected a number of seconds, for example 600")
    return seconds


@dataclass(frozen=True)
class Warehouse(WarehousePaths):
    """Absolute paths of the files of one warehouse."""

    @classmethod
    def from_environment(cls) -> "Warehouse":
        """Return the warehouse that `WAREHOUSE` names, by default `data/warehouse`."""
        return cls(Path(os.environ.get("WAREHOUSE") or "data/warehouse").resolve())

    def writer_lock(self) -> FileLock:
        """Return the lock that every writer to the lake holds; a build from its start to its end.

        On a SQLite catalog, DuckLake fails with "database is locked" if another process commits
        after the transaction has begun to read, and does not retry. A build cannot be repeated at
        that point, so nothing else may commit while it runs.
        """
        return FileLock(self.folder / "writer.lock", thread_local=False)

    @contextmanager
    def written_alone(self, undone: str) -> Iterator[None]:
        """Hold the writer's lock for a command that changes more than one transaction.

        Raises InputError, ending in the sentence `undone`, if a build or another command holds it.
        """
        lock = self.writer_lock()
        try:
            lock.acquire(timeout=COMMAND_TIMEOUT)
        except (Timeout, OSError) as error:
            raise InputError(
                f"{lock.lock_file}: a build is running, or another process writes to the lake. "
                f"Wait until it has ended, and run the command again. {undone}"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def attach_sql(self, *, read_only: bool, name: str = "lake", inlines: bool = True) -> str:
        """Return the statement that attaches the lake as `name`.

        A moved or copied warehouse is read and written in its present folder. Unless it `inlines`,
        each insert goes to a file, however few its rows.
        """
        options = [ATTACH_OPTIONS, f"DATA_PATH {literal(self.data)}", "OVERRIDE_DATA_PATH true"]
        if read_only:
            options.append("READ_ONLY")
        if not inlines:
            options.append("DATA_INLINING_ROW_LIMIT 0")
        path = literal(f"ducklake:sqlite:{self.catalog}")
        return f"attach {path} as {name} ({', '.join(options)})"


def keep_private(folder: Path) -> None:
    """Make a folder accessible to its owner only, and so all new files of this process.

    A group that an operator has granted access keeps it, and may read new files.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode) & 0o2770
    if found.st_uid == os.geteuid():
        folder.chmod(mode)
    os.umask(0o777 & ~mode)


def install_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Install DuckDB's extensions from their wheels, without a network; skips installed ones."""
    installed = {
        name
        for (name,) in connection.execute(
            "select extension_name from duckdb_extensions() where installed"
        ).fetchall()
    }
    for name in EXTENSIONS:
        if name not in installed:
            package = importlib.resources.files(f"duckdb_extension_{name}")
            version = f"v{duckdb.__version__}"
            file = package / "extensions" / version / f"{name}.duckdb_extension"
            connection.install_extension(str(file))


def thread_count() -> int | None:
    """Return the number of threads of DuckDB, from DUCKDB_THREADS; None for every core.

    Raises InputError if it is not a number of threads.
    """
    text = os.environ.get("DUCKDB_THREADS")
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) < 1:
        raise InputError(f"DUCKDB_THREADS={text}: expected a number of threads of at least 1")
    return int(text)


def limit_threads(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the number of threads to DUCKDB_THREADS, as `thread_count` reads it."""
    if threads := thread_count():
        connection.execute("set threads = ?", [threads])


def prepare(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> str:
    """Check the halves of the warehouse, and create the lake where the folder is new.

    Returns the identity of the warehouse, and installs DuckDB's extensions on the connection. The
    caller holds the writer's lock and has neither lake nor working set open. DuckLake remembers its
    data folder as an absolute path: where the folder was moved or copied, the lake follows it.
    Raises InputError as `halves.open_for_writing` does.
    """
    install_extensions(connection)
    warehouse_id = halves.open_for_writing(warehouse, lambda: _create_lake(warehouse, connection))
    with catalogue.opened(warehouse.catalog) as catalog:
        [stored] = catalog.execute(
            "select value from ducklake_metadata where key = 'data_path'"
        ).fetchone()
        if stored != warehouse.data:
            catalog.execute(
                "update ducklake_metadata set value = ? where key = 'data_path'", [warehouse.data]
            )
            catalog.commit()
    return warehouse_id


CREATED = ".new-lake-"


def _create_lake(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> None:
    """Create an empty lake in a folder aside, then move its complete catalogue into place."""
    for leftover in warehouse.folder.glob(f"{CREATED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    warehouse.data_folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=CREATED, dir=warehouse.folder))
    new = aside / warehouse.catalog.name
    options = f"{ATTACH_OPTIONS}, DATA_PATH {literal(warehouse.data)}"
    connection.execute(f"attach {literal(f'ducklake:sqlite:{new}')} as new_lake ({options})")
    connection.execute("detach new_lake")
    with catalogue.opened(new) as catalog:
        catalog.execute("pragma wal_checkpoint(truncate)").fetchall()
    new.replace(warehouse.catalog)
    shutil.rmtree(aside, ignore_errors=True)


def require_lake(warehouse: Warehouse) -> None:
    """Raise InputError if nothing was built in the warehouse; creates nothing."""
    if not warehouse.catalog.exists():
        raise InputError(
            f"{warehouse.catalog} does not exist: nothing was built in this warehouse. "
            "Set WAREHOUSE to the folder of a warehouse, or run `make build`."
        )


@contextmanager
def connect_lake(
    warehouse: Warehouse, *, read_only: bool = True, inlines: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with the lake attached as `lake`, by default read-only.

    A read-only connection blocks no build. See `Warehouse.attach_sql` for `inlines`.
    Raises InputError if nothing was built yet.
    """
    require_lake(warehouse)
    if not read_only:
        keep_private(warehouse.folder)
        halves.reopen(warehouse)
    try:
        with duckdb.connect() as connection:
            install_extensions(connection)
            limit_threads(connection)
            connection.execute("set timezone = 'UTC'")
            connection.execute(warehouse.attach_sql(read_only=read_only, inlines=inlines))
            set_clock(connection)
            yield connection
    finally:
        if not read_only:
            seal_unless_written(warehouse)


def seal_unless_written(warehouse: Warehouse) -> None:
    """Seal the catalogue if no other process writes; a running build seals it at its end.

    This process must have closed the lake.
    """
    lock = warehouse.writer_lock()
    with suppress(Timeout), lock.acquire(timeout=0):
        catalogue.seal(warehouse)


def set_clock(connection: duckdb.DuckDBPyConnection, now: object = None) -> None:
    """Freeze the session's clock at `now`, an ISO instant, or at PREDICTION_NOW, if either is set.

    Views and hooks read the session's clock; see macros/environment/clock.sql.
    """
    if frozen := frozen_clock(now):
        connection.execute("set variable prediction_now = ?", [str(frozen)])


class LakeWriter:
    """Writer of short transactions to the lake, each before or after a build."""

    def __init__(self, warehouse: Warehouse, lake: duckdb.DuckDBPyConnection) -> None:
        """`lake` is a connection with the lake attached for writing."""
        self.lake = lake
        self.warehouse = warehouse
        self._lock = warehouse.writer_lock()

    def transact(
        self, work: Callable[[duckdb.DuckDBPyConnection], None], timeout: float = 0
    ) -> bool:
        """Run `work` in one transaction; it is called again after a conflict.

        Returns False, without any change, if another process has been writing for `timeout`
        seconds.
        """
        try:
            with self._lock.acquire(timeout=timeout):
                halves.reopen(self.warehouse)
                _in_transaction(self.lake, work)
        except Timeout:
            return False
        except duckdb.Error as error:
            if _is_conflict(error):
                return False
            raise
        return True

    def record(
        self, statement: str, parameters: list[object] | dict[str, object], undone: str
    ) -> None:
        """Record a person's decision in one transaction.

        Raises InputError, ending in the sentence `undone`, if a build or another command writes.
        """

        def work(lake: duckdb.DuckDBPyConnection) -> None:
            lake.execute(statement, parameters)

        if not self.transact(work, COMMAND_TIMEOUT):
            raise InputError(
                f"{self.warehouse.folder}: a build is running, or another process writes to the "
                f"lake. Wait until it has ended, and run the command again. {undone}"
            )


@contextmanager
def write_to_lake(warehouse: Warehouse) -> Iterator[LakeWriter]:
    """Yield a writer with its own connection; raises InputError if nothing was built yet."""
    with connect_lake(warehouse, read_only=False) as lake:
        yield LakeWriter(warehouse, lake)


def _is_conflict(error: BaseException) -> bool:
    words = str(error).lower()
    is_lost_race = "database is locked" in words or "conflict" in words
    return isinstance(error, duckdb.Error) and is_lost_race


@retry(
    retry=retry_if_exception(_is_conflict),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    stop=stop_after_delay(CONFLICT_TIMEOUT),
    reraise=True,
)
def _in_transaction(
    lake: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], None]
) -> None:
    lake.begin()
    try:
        work(lake)
        lake.commit()
    except BaseException:
        with suppress(duckdb.Error):  # a failed commit has rolled back already
            lake.rollback()
        raise
