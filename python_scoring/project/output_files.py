"""Files that users name with --out: checked before the work, and replaced whole or not at all."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from python_scoring.errors import InputError


def check_output(out: Path) -> None:
    """Raise InputError unless a file can be written at `out`; for the start of long work."""
    if not os.path.isdir(out.parent):  # noqa: PTH112 - false also for a name that is too long
        raise InputError(f"--out {out}: the folder {out.parent} does not exist; create it first")
    if os.path.isdir(out):  # noqa: PTH112
        raise InputError(f"--out {out} is a folder; expected the name of a file")
    _through_unfinished(out, lambda unfinished: unfinished.touch(), keep=False)


def write_output(out: Path, write: Callable[[Path], object]) -> None:
    """Replace `out` by the file that `write` makes at the path that it is called with.

    Raises InputError if it cannot be written; a former file then stays as it was.
    """
    check_output(out)
    _through_unfinished(out, write, keep=True)


def _through_unfinished(out: Path, write: Callable[[Path], object], *, keep: bool) -> None:
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        write(unfinished)
        if keep:
            unfinished.replace(out)
    except OSError as error:
        raise InputError(
            f"--out {out} cannot be written: {error.strerror or error}. Name a file in a folder "
            "that has room and that this user may write to."
        ) from error
    finally:
        # On a file system that is read-only even this fails, for a file that is not there.
        with suppress(OSError):
            unfinished.unlink()
