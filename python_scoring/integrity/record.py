"""`lake/warehouse.json`: identity and progress of a warehouse, beside its data files.

It is replaced whole. While somebody writes to the lake the catalogue is open, and has no digest
that holds; after a process that was killed it stays so until the next one ends.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from python_scoring.errors import InputError


@dataclass(frozen=True)
class Record:
    """What the data folder knows of its warehouse."""

    warehouse_id: str
    snapshot: int = -1  # the newest snapshot that was sealed: the catalogue is never older
    is_open: bool = True  # somebody writes, or was killed: the digests are of a former state
    catalog_sha256: str | None = None
    log_sha256: str | None = None  # of a write-ahead log that a reader kept from being emptied
    copy_sha256: str | None = None
    working_set_may_be_missing: bool = False  # a person said so


def read(path: Path) -> Record | None:
    """The record; None where there is none. Raises InputError where it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise InputError(f"{path}: {error.strerror}. Let this user read and write it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path) from error
    try:
        fields = json.loads(text)
        checksum = fields.pop("checksum")
        record = Record(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error
    if checksum != _checksum(record):
        raise _damaged(path)
    return record


def write(path: Path, record: Record) -> None:
    """Replace the record, whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(asdict(record) | {"checksum": _checksum(record)}, indent=2)
    unfinished = path.with_name(f"{path.name}.new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(f"{content}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _checksum(record: Record) -> str:
    return hashlib.sha256(json.dumps(asdict(record), sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is damaged: expected the identity of the warehouse, as the last build wrote it. "
        "Restore it from a backup; or, where lake.sqlite and lake/ belong together, have it made "
        "anew: customer-predictions repair identity --by NAME --reason TEXT"
    )
