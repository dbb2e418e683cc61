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


def erase(file: EventFile, subjects: DataSubjects) -> None:
    """Rewrite the file with all its lines, without the names."""
    unfinished = file.path.with_name(f".{file.path.name}{UNFINISHED}")
    with file.path.open() as lines, unfinished.open("w") as target:
        target.writelines(subjects.without(line) for line in lines)
        target.flush()
        os.fsync(target.fileno())
    shutil.copymode(file.path, unfinished)
    unfinished.replace(file.path)
