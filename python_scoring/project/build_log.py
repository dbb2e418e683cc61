"""Console log of a build: about a page, except on a terminal.

dbt prints two lines per node, and a build has hundreds of nodes. A scheduled build's log is read
when something is wrong, so it keeps the plan, landed files, failures and warnings, incidents, and
the table at its end. The log file (`logs/dbt.log`) keeps every line.
"""

import os
import sys
from collections.abc import Callable

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


def shorten() -> None:
    """Remove nodes that passed from the console log of this build.

    Does nothing in other commands, in JSON logs, on a terminal, and with BUILD_LOG=nodes. Raises
    InputError if BUILD_LOG is neither `page` nor `nodes`.
    """
    setting = os.environ.get(SETTING) or (NODES if sys.stdout.isatty() else PAGE)
    if setting not in {PAGE, NODES}:
        raise InputError(f"{SETTING}={setting}: expected {PAGE} or {NODES}")
    if setting == NODES or get_flags().WHICH not in BUILDS:  # type: ignore[no-untyped-call]
        return
    for logger in get_event_manager().loggers:
        if isinstance(logger, _TextLogger) and logger.name == "stdout_log":
            logger.filter = _on_page(logger.filter)


def _on_page(former: Callable[[EventMsg], bool]) -> Callable[[EventMsg], bool]:
    def is_shown(event: EventMsg) -> bool:
        is_noise = event.info.level == "info" and event.info.name in LEFT_OUT
        return not is_noise and former(event)

    return is_shown
