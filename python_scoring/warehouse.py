"""The warehouse folder: one DuckDB file for working tables, one DuckLake for everything durable.

`Plugin` is loaded by dbt-duckdb (see profiles.yml) and prepares the folder before dbt connects, so
that plain `dbt build` works in an empty `WAREHOUSE`. Readers use `connect_lake`.
"""

import importlib.resources
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from python_scoring.errors import InputError
from python_scoring.instants import parse_instant

PROJECT = Path(__file__).resolve().parent.parent

# Readers wait for a commit instead of failing, and never block one.
ATTACH_OPTIONS = "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000"

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner")


@dataclass(frozen=True)
class Warehouse:
    """Where the files of one warehouse are. Paths are absolute."""

    folder: Path

    @classmethod
    def from_environment(cls) -> "Warehouse":
        """The folder named by `WAREHOUSE`; by default `data/warehouse` below the current folder."""
        return cls(Path(os.environ.get("WAREHOUSE") or "data/warehouse").resolve())

    @property
    def working_set(self) -> Path:
        """Staging, intermediate and Elementary's tables; locked by a running build."""
        return self.folder / "warehouse.duckdb"

    @property
    def catalog(self) -> Path:
        """DuckLake's SQLite catalog: what readers attach."""
        return self.folder / "lake.sqlite"

    @property
    def data(self) -> str:
        """DuckLake's Parquet files, as DuckLake spells the folder."""
        return f"{self.folder / 'lake'}/"

    def attach_sql(self, *, read_only: bool, create: bool = False) -> str:
        """The statement that attaches the lake as `lake`; `create` also names the data folder."""
        options = [ATTACH_OPTIONS]
        if create or read_only:
            options.append(f"DATA_PATH '{_quoted(self.data)}'")
        if read_only:  # a copied warehouse is read where it is now
            options += ["OVERRIDE_DATA_PATH true", "READ_ONLY"]
        path = _quoted(str(self.catalog))
        return f"attach 'ducklake:sqlite:{path}' as lake ({', '.join(options)})"


def install_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Install DuckDB's extensions from their wheels, without a network; does nothing twice."""
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


def prepare(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> None:
    """Create the lake where there is none; follow the folder where it was moved or copied.

    DuckLake remembers its data folder as an absolute path. A restored backup or a copied
    warehouse would otherwise write into the folder that it came from.
    """
    install_extensions(connection)
    if not warehouse.catalog.exists():
        connection.execute(warehouse.attach_sql(read_only=False, create=True))
        connection.execute("detach lake")
        return
    with sqlite3.connect(warehouse.catalog, timeout=10) as catalog:
        stored = catalog.execute(
            "select value from ducklake_metadata where key = 'data_path'"
        ).fetchone()
        if stored and stored[0] != warehouse.data:
            catalog.execute(
                "update ducklake_metadata set value = ? where key = 'data_path'", [warehouse.data]
            )
    catalog.close()


@contextmanager
def connect_lake(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection with the lake attached as `lake`; never blocks a build.

    Raises InputError where nothing has been built yet.
    """
    if not warehouse.catalog.exists():
        raise InputError(
            f"{warehouse.catalog} does not exist: nothing was built in this warehouse. "
            "Set WAREHOUSE to the folder of a warehouse, or run `make build`."
        )
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute("set timezone = 'UTC'")
        connection.execute(warehouse.attach_sql(read_only=True))
        set_clock(connection)
        yield connection


def set_clock(connection: duckdb.DuckDBPyConnection) -> None:
    """What the views take for now: the frozen clock where there is one; see macros/environment."""
    if frozen := os.environ.get("PREDICTION_NOW"):
        connection.execute("set variable prediction_now = ?", [str(parse_instant(frozen))])


def code_version() -> str:
    """The commit that is checked out, with `-dirty` after it where files differ from it."""
    if given := os.environ.get("CODE_VERSION"):
        return given
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command, without a shell
            command, cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return result.stdout.strip()


def _quoted(text: str) -> str:
    return text.replace("'", "''")


class Plugin(BasePlugin):
    """dbt-duckdb's hook into this library: prepares the folder, hands SQL what the OS knows."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - dbt-duckdb's signature
        """Create the folder before DuckDB opens the file in it."""
        self.warehouse = Warehouse.from_environment()
        self.warehouse.folder.mkdir(parents=True, exist_ok=True)
        self.code_version = code_version()
        self.raw_data = str(Path(os.environ.get("RAW_DATA") or "data/raw").resolve())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Runs before the profile attaches the lake."""
        prepare(self.warehouse, conn)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Session variables, read by macros/environment."""
        cursor.execute("set variable code_version = ?", [self.code_version])
        cursor.execute("set variable raw_data = ?", [self.raw_data])
        set_clock(cursor)
