"""Processes and their ends: children go with their parent, and an interrupt is one line."""

import ctypes
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1  # of Linux


def end_with_parent() -> None:
    """Have this process terminated when its parent ends, however that ends; on Linux."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def treat_termination_as_interrupt() -> None:
    """Let SIGTERM end this process as Ctrl-C does: the children that it waits for are ended too."""
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, signal.default_int_handler)
