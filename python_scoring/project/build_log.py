"""Console log of a build: about a page, except on a terminal.

dbt prints two lines per node, and a build has hundreds of nodes. A scheduled build's log is read
when something is wrong, so it keeps the plan, landed files, failures and warnings, incidents, and
the table at its end. The log file (`logs/dbt.log`) keeps every line.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from dbt.flags import get_flags
from dbt_common.events.base_types import EventMsg
from dbt_common.events.event_manager_client import get_event_manager
from dbt_common.events.logger import _TextLogger

from python_scoring.errors import InputError

SETTING = "BUILD_LOG"
PAGE, NODES = "page", "nodes"
BUILDS = ("build", "run")
# dbt's events of level info about nodes and totals. Warnings and errors are always shown.
LEFT_OUT = frozenset(
    {
        "ConcurrencyLine",
        "FinishedRunningStats",
        "Formatting",
        "LogHookEndLine",
        "LogHookStartLine",
        "LogModelResult",
        "LogNodeNoOpResult",
        "LogNodeResult",
        "LogSeedResult",
        "LogStartLine",
        "LogTestResult",
        "SkippingDetails",
    }
)


class Progress:
    """Progress line of a build on a terminal: how many of its nodes are done.

    Without ANSI codes: the line is written over with spaces before other output.
    """

    WIDTH = 30

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`, a terminal."""
        self.stream = stream
        self.written = 0

    def show(self, index: int, total: int) -> None:
        """Show that node `index` of `total` has begun."""
        done = self.WIDTH * index // max(total, 1)
        self.clear()
        line = f"[{'#' * done}{'.' * (self.WIDTH - done)}] {index} of {total}"
        self.stream.write(line)
        self.stream.flush()
        self.written = len(line)

    def clear(self) -> None:
        """Remove the line."""
        if self.written:
            self.stream.write(f"\r{' ' * self.written}\r")
            self.written = 0


def shorten() -> None:
    """Remove nodes that passed from the console log of this build.

    On a terminal, with BUILD_LOG=page, a line of progress stands in for them. Does nothing in other
    commands, in JSON logs, on a terminal without BUILD_LOG, and with BUILD_LOG=nodes. Raises
    InputError if BUILD_LOG is neither `page` nor `nodes`.
    """
    setting = os.environ.get(SETTING) or (NODES if sys.stdout.isatty() else PAGE)
    if setting not in {PAGE, NODES}:
        raise InputError(f"{SETTING}={setting}: expected {PAGE} or {NODES}")
    if setting == NODES or get_flags().WHICH not in BUILDS:  # type: ignore[no-untyped-call]
        return
    progress = Progress(sys.stdout) if sys.stdout.isatty() else None
    for logger in get_event_manager().loggers:
        if isinstance(logger, _TextLogger) and logger.name == "stdout_log":
            logger.filter = _on_page(logger.filter, progress)


def _on_page(
    former: Callable[[EventMsg], bool], progress: Progress | None = None
) -> Callable[[EventMsg], bool]:
    def is_shown(event: Any) -> bool:
        is_noise = event.info.level == "info" and event.info.name in LEFT_OUT
        shown = not is_noise and former(event)
        if progress and shown:
            progress.clear()
        if progress and event.info.name == "LogStartLine":
            progress.show(event.data.index, event.data.total)
        return shown

    return is_shown
