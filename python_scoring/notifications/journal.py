"""Journal of deliveries made while the lake was locked: one line of JSON per attempt.

A build holds the lake for minutes, and an alert does not wait for it. The line is on the disk
before the next message is sent, so that a crash does not repeat the previous message.
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
    """Journal file; it exists only while it holds attempts."""

    def __init__(self, folder: Path) -> None:
        """Use the folder of the warehouse."""
        self.path = folder / "delivery_journal.jsonl"

    def append(self, attempt: Attempt) -> None:
        """Append an attempt and flush it to the disk."""
        row = asdict(attempt)
        for column in INSTANTS:
            row[column] = row[column] and row[column].isoformat()
        with self.path.open("a") as file:
            file.write(f"\n{json.dumps(row)}\n")  # a crash may have cut the last line off
            file.flush()
            os.fsync(file.fileno())

    def attempts(self) -> list[Attempt]:
        """Return all attempts, in order."""
        return list(self._read())

    def clear(self) -> None:
        """Delete the journal, whose attempts are in the lake now."""
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
