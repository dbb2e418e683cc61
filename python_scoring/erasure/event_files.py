"""Files of lineage events in the warehouse's folder, whose messages may name a data subject."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from python_scoring.erasure.data_subjects import DataSubjects

PATTERN = "*.ndjson"
UNFINISHED = ".erasing"


@dataclass(frozen=True)
class EventFile:
    """Event file, with the number of its lines that name a data subject."""

    path: Path
    lines: int


def find(folder: Path, subjects: DataSubjects) -> list[EventFile]:
    """The event files that name a data subject."""
    found = []
    for path in sorted(folder.glob(PATTERN)):
        with path.open() as lines:
            named = sum(subjects.are_named_in(line) for line in lines)
        if named:
            found.append(EventFile(path, named))
    return found


def erase(folder: Path, subjects: DataSubjects, restated: dict[str, str]) -> None:
    """Rewrite the event files that change: all lines, without the names.

    `restated` has the digests that inputs are recorded with from now on, by the former ones.
    """
    for path in sorted(folder.glob(PATTERN)):
        unfinished = path.with_name(f".{path.name}{UNFINISHED}")
        is_changed = False
        with path.open() as lines, unfinished.open("w") as target:
            for line in lines:
                text = subjects.without(line)
                for former, rest in restated.items():
                    text = text.replace(former, rest)
                is_changed = is_changed or text != line
                target.write(text)
            target.flush()
            os.fsync(target.fileno())
        if is_changed:
            shutil.copymode(path, unfinished)
            unfinished.replace(path)
        else:
            unfinished.unlink()
