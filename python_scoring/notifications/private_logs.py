"""Logs of libraries that deliver messages: heard here, and written nowhere.

They may quote addresses, tokens and answers, and Python prints a warning that nobody handles.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from apprise import LOGGER_NAME


class Listener(logging.Handler):
    """Keeps what is logged in memory."""

    def __init__(self) -> None:
        """With nothing heard yet."""
        super().__init__()
        self.text = ""
        self.has_complaints = False

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line, and whether it is a warning or an error."""
        self.text += f"{record.getMessage()}\n"
        self.has_complaints |= record.levelno >= logging.WARNING


@contextmanager
def overheard() -> Iterator[Listener]:
    """Hears what is logged meanwhile, by Apprise to the last detail; no other handler does."""
    root, apprise, listener = logging.getLogger(), logging.getLogger(LOGGER_NAME), Listener()
    handlers, root.handlers = root.handlers, [listener]
    level = apprise.level
    apprise.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield listener
    finally:
        root.handlers = handlers
        apprise.setLevel(level)
