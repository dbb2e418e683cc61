"""Plugin of dbt-duckdb (see profiles.yml): prepares the warehouse before dbt connects.

Plain `dbt build` therefore works in an empty `WAREHOUSE`.
"""

import atexit
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.factory import get_adapter_by_type
from dbt.cli import requires
from dbt.events.types import MainEncounteredError, MainStackTrace
from dbt.flags import get_flags
from dbt.task.runnable import GraphRunnableTask
from dbt_common.exceptions import CompilationError, DbtRuntimeError
from filelock import Timeout

from python_scoring.contracts import duckdb_functions as contracts
from python_scoring.contracts.validation import ValidatedProject, validate
from python_scoring.errors import InputError, PredictionError
from python_scoring.integrity import catalogue, halves
from python_scoring.integrity.duckdb_functions import Verifier
from python_scoring.lineage import duckdb_functions as lineage
from python_scoring.project import build_log, code_version, dbt_speed
from python_scoring.raw import duckdb_functions as raw
from python_scoring.raw.files import raw_data_folder
from python_scoring.schedule import unchanged
from python_scoring.scoring import duckdb_functions as scoring
from python_scoring.serving import duckdb_functions as serving
from python_scoring.warehouse import (
    Warehouse,
    build_requests,
    keep_private,
    limit_threads,
    lock_timeout,
    maintenance,
    prepare,
    set_clock,
)
from python_scoring.warehouse.settings import check_settings

# Seconds that a withdrawal waits for a build to come to its next node.
REQUEST_TIMEOUT = 600.0
INTERRUPTED = (
    "Interrupted: what was published stays. The next build records the runs that were left undone "
    "as crashed, and does them again."
)
EXECUTE_NODES: Any = GraphRunnableTask.execute_nodes
FIRE_EVENT: Any = requires.fire_event  # type: ignore[attr-defined]
INITIALIZE_DB: Any = Environment.initialize_db.__func__  # type: ignore[attr-defined]
RUN_PYTHON_JOB: Any = Environment.run_python_job.__func__  # type: ignore[attr-defined]
LINES_SAID = 3


class Plugin(BasePlugin):
    """dbt-duckdb plugin: prepares the warehouse and registers the library's SQL functions."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - dbt-duckdb's signature
        """Create the folder, for its owner alone, before DuckDB opens the file in it."""
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.verifier: Verifier | None = None
        shorten_interrupts()
        dbt_speed.drop_unwritten_events()
        dbt_speed.write_json_at_once()
        shorten_database_errors()
        with _without_traceback():
            build_log.shorten()
            check_settings()
        self.manifest: Any = None
        self.code_version = code_version()
        self.fingerprint = ""
        self.project = ValidatedProject()
        self.validate_project()
        self.warehouse = Warehouse.from_environment()
        with _without_traceback():
            keep_private(self.warehouse.folder)
            self._take_turn()
        try:
            with _without_traceback():
                self._verify_warehouse()
        except BaseException:
            self.lock.release()  # dbt asks again, and would wait for itself
            raise
        self.raw_data = str(raw_data_folder())
        self.now = (get_flags().VARS or {}).get("now")  # type: ignore[no-untyped-call]

    def _verify_warehouse(self) -> None:
        with duckdb.connect() as connection:
            self.warehouse_id = prepare(self.warehouse, connection)
        halves.require_working_set(self.warehouse)
        self.verifier = Verifier(self.warehouse, *halves.require_history(self.warehouse))

    def _take_turn(self) -> None:
        """Wait for the writer's lock, before DuckDB opens the working set, which has a lock too."""
        self.lock = self.warehouse.writer_lock()
        try:
            if _is_withdrawal():
                self._withdraw_beside_a_build()
            else:
                self.lock.acquire(timeout=lock_timeout())
        except Timeout as error:
            raise InputError(
                f"{self.lock.lock_file}: another process has been writing to the lake for "
                f"{lock_timeout():g} s (WAIT_FOR_BUILD). Find out what it does, end it or wait for "
                "it, and build again."
            ) from error
        atexit.register(self._end_turn)

    def _withdraw_beside_a_build(self) -> None:
        """Take the turn, or have the build that has it withdraw the run, and end this process."""
        request = None
        started = time.monotonic()
        while True:
            with suppress(Timeout):
                self.lock.acquire(timeout=0.2)
                if request:
                    build_requests.take_back(request)
                return
            request = request or build_requests.ask(self.warehouse, get_flags().ARGS)  # type: ignore[no-untyped-call]
            if found := build_requests.answer(request):
                is_granted, message = found
                stream = sys.stdout if is_granted else sys.stderr
                stream.write(f"{message}\n")
                stream.flush()
                os._exit(0 if is_granted else 1)
            if time.monotonic() - started > REQUEST_TIMEOUT:
                build_requests.take_back(request)
                raise Timeout(self.lock.lock_file)

    def _end_turn(self) -> None:
        """Close DuckDB, seal the catalogue, and let the next writer in."""
        if self.connection:
            with suppress(duckdb.Error):  # a full disk: what was not written is in its log
                self.connection.close()
        if self.verifier:  # what was refused stays as it is, and is refused again
            with suppress(PredictionError, OSError, sqlite3.Error):  # the next build finds out
                catalogue.seal(self.warehouse, self.verifier.digests)
        self.lock.release()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Runs before the profile attaches the lake."""
        self.connection = conn
        with _without_traceback():
            halves.check_working_set(self.warehouse, conn, self.warehouse_id)
        halves.working_set_is_there(self.warehouse)
        limit_threads(conn)
        lineage.register(conn, self.warehouse)
        raw.register(conn)
        contracts.register(conn, self.validated_project)
        scoring.register(conn)
        serving.register(conn, self.warehouse)
        maintenance.register(conn, self.warehouse)
        unchanged.register(conn)
        if self.verifier:
            self.verifier.register(conn)

    def validated_project(self) -> str:
        """The validated project of the present invocation, as macros read it."""
        return self.project.as_json()

    def validate_project(self) -> None:
        """Validate the contracts and exposures that dbt has parsed, once per invocation.

        Called for each connection, because a process may run dbt more than once with one plugin.
        Nothing is validated where dbt has parsed nothing, as in `dbt debug`. Raises
        CompilationError, with every finding.
        """
        adapter = get_adapter_by_type("duckdb")  # type: ignore[no-untyped-call]
        manifest = adapter.get_macro_resolver()
        if manifest is None or manifest is self.manifest:
            return
        given = adapter.config.cli_vars
        variables = {**adapter.config.vars.to_dict(), **given}
        try:
            self.project = validate(manifest.flat_graph, variables, given).require_valid()
        except InputError as error:
            raise CompilationError(str(error)) from None
        self.manifest = manifest
        self.fingerprint = unchanged.project_fingerprint(self.code_version, adapter.config.cli_vars)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the session variables that macros/environment reads, before each node is built."""
        self.validate_project()
        cursor.execute("set variable code_version = ?", [self.code_version])
        cursor.execute("set variable raw_data = ?", [self.raw_data])
        cursor.execute("set variable project_fingerprint = ?", [self.fingerprint])
        with _without_traceback():
            set_clock(cursor, self.now)
        for request in build_requests.waiting(self.warehouse):
            if build_requests.grant(cursor, request) and os.environ.get("SERVING_DSN"):
                cursor.execute("select publish_to_serving()")


def shorten_interrupts() -> None:
    """Have dbt say in a line what an interrupt leaves undone, and print no traceback."""
    GraphRunnableTask.execute_nodes = _execute_nodes  # type: ignore[method-assign]
    requires.fire_event = _fire_event  # type: ignore[assignment,attr-defined]


def _fire_event(event: Any, *arguments: Any, **options: Any) -> None:
    """What dbt says of an interrupt before its first node, after its last, or in an operation."""
    if isinstance(sys.exc_info()[1], KeyboardInterrupt):
        if isinstance(event, MainStackTrace):
            return
        if isinstance(event, MainEncounteredError):
            event = MainEncounteredError(exc=INTERRUPTED)
    FIRE_EVENT(event, *arguments, **options)


def _execute_nodes(task: Any) -> Any:
    try:
        return EXECUTE_NODES(task)
    except KeyboardInterrupt:
        raise DbtRuntimeError(INTERRUPTED) from None


def shorten_database_errors() -> None:
    """Have dbt print no traceback where a database or a disk fails.

    That is, where the working set cannot be opened, or the rows of a Python model not be written.
    """
    Environment.initialize_db = classmethod(_initialize_db)  # type: ignore[assignment]
    Environment.run_python_job = classmethod(_run_python_job)  # type: ignore[assignment]


def _initialize_db(cls: Any, *arguments: Any, **options: Any) -> Any:
    with _without_traceback():
        return INITIALIZE_DB(cls, *arguments, **options)


def _run_python_job(cls: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return RUN_PYTHON_JOB(cls, *arguments, **options)
    except DbtRuntimeError as error:
        cause = error.__context__
        if isinstance(cause, (OSError, duckdb.Error)):
            raise DbtRuntimeError(f"Python model failed: {_said(cause)}") from None
        raise


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Raise an error of this library as dbt's own, of which it prints the message alone.

    So are errors of the disk: room, permissions, a file that cannot be read.
    """
    try:
        yield
    except PredictionError as error:
        raise DbtRuntimeError(str(error)) from None
    except (OSError, sqlite3.Error, duckdb.Error) as error:
        raise DbtRuntimeError(
            f"{_said(error)}. Nothing was built, and what is served stays as it is. Look whether "
            "the disk has room and this user may write to the folder of WAREHOUSE; "
            "`customer-predictions doctor` names files that are missing or damaged."
        ) from None


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'WAREHOUSE'}: {error.strerror}"
    # DuckDB's first line says what it did, the next ones what went wrong.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:LINES_SAID]).rstrip(".") or type(error).__name__


def _is_withdrawal() -> bool:
    flags: Any = get_flags()  # type: ignore[no-untyped-call]
    return getattr(flags, "WHICH", "") == "run-operation" and flags.MACRO == "withdraw_run"
