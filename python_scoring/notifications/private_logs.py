"""Capture of the logs of delivery libraries, which may quote addresses, tokens and answers.

Nothing is written anywhere. Without a handler Python would print warnings.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from apprise import LOGGER_NAME


class Listener(logging.Handler):
    """Log handler that keeps lines in memory."""

    def __init__(self) -> None:
        """Start without lines."""
        super().__init__()
        self.text = ""
        self.has_complaints = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, and whether it is a warning or an error."""
        self.text += f"{record.getMessage()}\n"
        self.has_complaints |= record.levelno >= logging.WARNING


@contextmanager
def overheard() -> Iterator[Listener]:
    """Capture all logs, Apprise's at every level; no other handler gets them."""
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
