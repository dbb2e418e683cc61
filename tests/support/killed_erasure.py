"""An erasure that kills itself right before a step, in the middle of the lake's files too.

Called as `tests.support.killed_erasure STEP CUSTOMER_ID TARGET`, with the folder of a manifest.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_scoring.erasure import command, lake_files, tombstone, verification
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.project import read_manifest

MODULES = {
    "lake_files": lake_files,
    "shutil": shutil,
    "tombstone": tombstone,
    "verification": verification,
}


def die(*_: Any, **__: Any) -> None:
    """`kill -9` of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


class Half(tuple[Any, ...]):
    """Kills the process that iterates over more than one of its values."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        """The first one."""
        yield from list(super().__iter__())[:1]
        die()


def main(step: str, customer_id: str, target: Path) -> None:
    """Erase the customer, and die on the way."""
    module, _, name = step.partition(".")
    if name == "LET_GO":
        lake_files.LET_GO = Half(lake_files.LET_GO)
    else:
        setattr(MODULES[module], name, die)
    erasure = command.Erasure(DataSubjects.of((customer_id,)), print)
    erasure.manifest = read_manifest(target)
    erasure.erase("ana", "request 17")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
