"""Processes and their ends: children go with their parent, and an interrupt is one line."""

import ctypes
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

PR_SET_PDEATHSIG = 1  # of Linux


def end_with_parent() -> None:
    """Have this process terminated when its parent ends, however that ends; on Linux."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def heed_interrupts() -> Callable[[], bool]:
    """Let SIGTERM end this process as Ctrl-C does: the children that it waits for are ended too.

    Return a function that says whether either has come: libraries in C turn the exception into
    another one, or print it with its traceback and go on, which is not printed then.
    """
    came: list[int] = []
    report = sys.unraisablehook

    def interrupt(number: int, _: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def report_unraisable(found: "sys.UnraisableHookArgs") -> None:
        if not isinstance(found.exc_value, KeyboardInterrupt):
            report(found)

    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, interrupt)
        signal.signal(signal.SIGINT, interrupt)
        sys.unraisablehook = report_unraisable
    return lambda: bool(came)
