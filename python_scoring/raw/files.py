"""Files of the raw tables: their places, and how changed content is recognized.

A raw table is one file, `<table>.parquet`, `.csv` or `.csv.gz`, or a folder of such files,
`<table>/` or, as Spark writes it, `<table>.parquet/`.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

SUFFIXES = (".parquet", ".csv", ".csv.gz")
# The footer of a Parquet file is in its last bytes; so are the last rows of a CSV file.
TAIL = 65_536


def raw_data_folder() -> Path:
    """Return the folder of `RAW_DATA`; by default `data/raw` below the current folder."""
    return Path(os.environ.get("RAW_DATA") or "data/raw").resolve()


def locations(folder: Path, table: str) -> list[Path]:
    """Return the files and folders by which a raw table is present; one is expected."""
    names = [*(f"{table}{suffix}" for suffix in SUFFIXES), table]
    return [path for name in names if (path := folder / name).exists() or path.is_symlink()]


def raw_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a raw table, sorted by name.

    Names that begin with a dot or an underscore are not data: `_SUCCESS`, `.part-0.parquet.crc`.
    """
    return [file for location in locations(folder, table) for file in _files_in(location)]


def _files_in(location: Path) -> Iterator[Path]:
    if not location.is_dir():
        yield location
        return
    for path in sorted(location.iterdir()):
        if path.name.endswith(SUFFIXES) and not path.name.startswith((".", "_")):
            yield path


@dataclass(frozen=True)
class FileState:
    """State of a file by which a later build recognizes it."""

    size: int  # bytes
    modified_at: datetime  # UTC
    tail_digest: str  # SHA-256 of the last 64 KiB, which hold the footer of a Parquet file

    @classmethod
    def of(cls, file: Path) -> "FileState":
        """Return the present state of a file; raises OSError if it cannot be read."""
        found = file.stat()
        with file.open("rb") as content:
            content.seek(max(0, found.st_size - TAIL))
            digest = hashlib.sha256(content.read()).hexdigest()
        modified_at = datetime.fromtimestamp(found.st_mtime, timezone.utc).replace(tzinfo=None)
        return cls(found.st_size, modified_at, digest)

    def is_content_of(self, other: "FileState") -> bool:
        """Whether both have the same content; a copied file has another time."""
        return (self.size, self.tail_digest) == (other.size, other.tail_digest)
