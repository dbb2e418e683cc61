"""Plugin of dbt-duckdb (see profiles.yml): prepares the warehouse before dbt connects.

Plain `dbt build` therefore works in an empty `WAREHOUSE`.
"""

from collections.abc import Callable
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.factory import get_adapter_by_type
from dbt.flags import get_flags
from dbt_common.events.base_types import EventLevel, EventMsg
from dbt_common.events.event_manager_client import get_event_manager
from dbt_common.events.logger import PRINT_EVENT_NAMES, _Logger
from dbt_common.exceptions import CompilationError
from filelock import Timeout

from python_scoring.contracts import duckdb_functions as contracts
from python_scoring.contracts.validation import ValidatedProject, validate
from python_scoring.errors import InputError
from python_scoring.lineage import duckdb_functions as lineage
from python_scoring.project import build_log, code_version
from python_scoring.raw import duckdb_functions as raw
from python_scoring.raw.files import raw_data_folder
from python_scoring.schedule import unchanged
from python_scoring.scoring import duckdb_functions as scoring
from python_scoring.serving import duckdb_functions as serving
from python_scoring.warehouse import (
    Warehouse,
    keep_private,
    limit_threads,
    maintenance,
    prepare,
    set_clock,
)

# Seconds: longer than the transaction of any other writer, so a build waits for it.
LOCK_TIMEOUT = 60.0
LEVELS = [level.value for level in EventLevel]


class Plugin(BasePlugin):
    """dbt-duckdb plugin: prepares the warehouse and registers the library's SQL functions."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - dbt-duckdb's signature
        """Create the folder, for its owner alone, before DuckDB opens the file in it."""
        drop_unwritten_events()
        build_log.shorten()
        unchanged.run_all_nodes()
        self.manifest: Any = None
        self.project = ValidatedProject()
        self.validate_project()
        self.warehouse = Warehouse.from_environment()
        keep_private(self.warehouse.folder)
        self.lock = self.warehouse.writer_lock()
        self.code_version = code_version()
        self.raw_data = str(raw_data_folder())
        variables = get_flags().VARS or {}  # type: ignore[no-untyped-call]
        self.now = variables.get("now")
        self.fingerprint = unchanged.project_fingerprint(self.code_version, variables)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Prepare the lake before the profile attaches it; no other build has the file open."""
        try:
            self.lock.acquire(timeout=LOCK_TIMEOUT)
        except Timeout as error:
            raise InputError(
                f"{self.lock.lock_file}: another process has been writing to the lake for "
                f"{LOCK_TIMEOUT:g} s. Find out what it does, end it, and build again."
            ) from error
        limit_threads(conn)
        prepare(self.warehouse, conn)
        lineage.register(conn, self.warehouse)
        raw.register(conn)
        contracts.register(conn, self.validated_project)
        scoring.register(conn)
        serving.register(conn, self.warehouse)
        maintenance.register(conn, self.warehouse)
        unchanged.register(conn)

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
        variables = {**adapter.config.vars.to_dict(), **adapter.config.cli_vars}
        try:
            self.project = validate(manifest.flat_graph, variables).require_valid()
        except InputError as error:
            raise CompilationError(str(error)) from None
        self.manifest = manifest

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the session variables that macros/environment reads."""
        self.validate_project()
        cursor.execute("set variable code_version = ?", [self.code_version])
        cursor.execute("set variable raw_data = ?", [self.raw_data])
        cursor.execute("set variable project_fingerprint = ?", [self.fingerprint])
        set_clock(cursor, self.now)


def drop_unwritten_events() -> None:
    """Drop events below a log's level before dbt formats them.

    dbt formats each of some 5,000 debug events of a build for each of its logs, even for a log that
    shows no debug events. That is a tenth of the time of a build with nothing due.
    """
    for logger in get_event_manager().loggers:
        written = LEVELS[LEVELS.index(logger.level.value) :]
        logger.filter = _at_levels(logger, frozenset(written))


def _at_levels(logger: _Logger, written: frozenset[str]) -> Callable[[EventMsg], bool]:
    former = logger.filter

    def is_written(event: EventMsg) -> bool:
        # Printed lines appear at every level.
        is_shown = event.info.level in written or event.info.name in PRINT_EVENT_NAMES
        return is_shown and former(event)

    return is_written
