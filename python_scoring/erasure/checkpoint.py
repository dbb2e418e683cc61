"""Checkpoint for resuming an interrupted erasure: the counts that its first attempt found.

The file exists from the first change to the end of the verification. It contains no customer id:
a salted digest identifies the data subjects, and it is deleted with the file.
"""

import hashlib
import json
import os
import secrets
import uuid
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.tombstone import ErasedRecord
from python_scoring.errors import InputError


@dataclass(frozen=True)
class Checkpoint:
    """State of an erasure before its tombstone is written. Times are naive UTC."""

    erasure_id: str
    begun_at: datetime
    requested_by: str
    reason: str
    salt: str
    subjects: str
    raw_rows: int = 0
    other_rows: int = 0
    texts_rewritten: int = 0
    served_rows: int = 0
    inputs: tuple[ErasedRecord, ...] = ()

    @classmethod
    def new(
        cls, subjects: DataSubjects, now: datetime, requested_by: str, reason: str
    ) -> "Checkpoint":
        """Create the checkpoint of an erasure that starts at `now`, naive UTC."""
        salt = secrets.token_hex(16)
        return cls(uuid.uuid4().hex, now, requested_by, reason, salt, _digest(subjects, salt))

    def is_of(self, subjects: DataSubjects) -> bool:
        """Whether the erasure concerns the same data subjects."""
        return self.subjects == _digest(subjects, self.salt)

    def with_found(
        self, *, raw: int, other: int, texts: int, served: int, inputs: list[ErasedRecord]
    ) -> "Checkpoint":
        """Return a copy with the larger of the earlier and the present counts."""
        first = {_key(each): each for each in self.inputs}
        for each in inputs:
            earlier = first.get(_key(each))
            if earlier is None or earlier.rows_erased < each.rows_erased:
                first[_key(each)] = each
        return replace(
            self,
            raw_rows=max(self.raw_rows, raw),
            other_rows=max(self.other_rows, other),
            texts_rewritten=max(self.texts_rewritten, texts),
            served_rows=max(self.served_rows, served),
            inputs=tuple(first.values()),
        )


class Journal:
    """Checkpoint file `erasure.json` of the erasure that is running in a warehouse."""

    def __init__(self, folder: Path) -> None:
        """Use the folder of the warehouse."""
        self.path = folder / "erasure.json"

    def read(self) -> Checkpoint | None:
        """The checkpoint of an interrupted erasure; None where there is none.

        Raises InputError where the file is not a checkpoint.
        """
        if not self.path.exists():
            return None
        try:
            content: dict[str, Any] = json.loads(self.path.read_text())
            content["inputs"] = tuple(
                ErasedRecord(**{**each, "as_of": datetime.fromisoformat(each["as_of"])})
                for each in content["inputs"]
            )
            if "people" in content:  # as versions before 0.2 wrote it
                content["subjects"] = content.pop("people")
            content["begun_at"] = datetime.fromisoformat(content["begun_at"])
            return Checkpoint(**{field.name: content[field.name] for field in fields(Checkpoint)})
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.path} is not what an erasure writes ({error}). It only says what one that "
                "was cut off had found: remove it, and run the command again."
            ) from error

    def of(self, subjects: DataSubjects) -> Checkpoint | None:
        """The checkpoint of an interrupted erasure of the subjects; None where there is none.

        Raises InputError where an erasure of others was interrupted.
        """
        found = self.read()
        if found and not found.is_of(subjects):
            raise InputError(
                f"{self.path}: an erasure of another person, started at {found.begun_at} for "
                f"{found.requested_by} ({found.reason}), was cut off. Run that one again with the "
                "same ids first, so that it is done and recorded; or, if it was given up, remove "
                "the file. Nothing was erased."
            )
        return found

    def write(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint to the disk (fsync), before anything is changed."""
        unfinished = self.path.with_suffix(".unfinished")
        with unfinished.open("w") as file:
            json.dump(asdict(checkpoint), file, default=str)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)

    def remove(self) -> None:
        """Delete the file: the erasure is complete."""
        self.path.unlink(missing_ok=True)


def _digest(subjects: DataSubjects, salt: str) -> str:
    return hashlib.sha256(json.dumps([salt, *subjects.customer_ids]).encode()).hexdigest()


def _key(record: ErasedRecord) -> tuple[str, datetime, str | None]:
    return record.source, record.as_of, record.feature_version
