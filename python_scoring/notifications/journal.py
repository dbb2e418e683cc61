"""What was delivered while the lake could not be written to: one line of JSON per attempt.

A build holds the lake for minutes, and an alert does not wait for it. The line is on the disk
before the next message is sent, so that a crash does not send the former one again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path

from python_scoring.notifications.retries import Attempt

INSTANTS = ("attempted_at", "next_attempt_at")


class DeliveryJournal:
    """The file; it is there only while it holds something."""

    def __init__(self, folder: Path) -> None:
        """In the folder of the warehouse."""
        self.path = folder / "delivery_journal.jsonl"

    def append(self, attempt: Attempt) -> None:
        """Add an attempt, for good."""
        row = asdict(attempt)
        for column in INSTANTS:
            row[column] = row[column] and row[column].isoformat()
        with self.path.open("a") as file:
            file.write(f"\n{json.dumps(row)}\n")  # on a line of its own, whatever a crash left
            file.flush()
            os.fsync(file.fileno())

    def attempts(self) -> list[Attempt]:
        """Everything in it, in order."""
        return list(self._read())

    def clear(self) -> None:
        """Forget what the lake has by now."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Attempt]:
        if not self.path.exists():
            return
        names = [field.name for field in fields(Attempt)]
        for line in self.path.read_text().splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # empty, or cut off by a crash and so never recorded
                continue
            for column in INSTANTS:
                row[column] = row[column] and datetime.fromisoformat(row[column])
            yield Attempt(**{name: row[name] for name in names})
