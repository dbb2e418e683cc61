"""The last look: whether any file still holds one of the people.

Cells of Parquet are read, since their pages are compressed; of every other file, and of Parquet's
footers, the bytes. An id that is a plain number or shorter than six characters stands in files for
other things as well: for those the cells decide alone.
"""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.erasure.tables import (
    TEXT_TYPES,
    identifier,
    is_one_of,
    know,
    literal,
    names_them,
)


def search(folders: list[Path], subjects: DataSubjects, longer: tuple[str, ...]) -> list[str]:
    """The files that hold one of the people, each with where in it.

    `longer` are ids of other customers that contain one of theirs; these may stay.
    """
    with duckdb.connect() as connection:
        know(connection, subjects)
        return [
            f"{path} ({where})"
            for path in _files(folders)
            if (where := _where(connection, path, subjects, longer))
        ]


def _files(folders: list[Path]) -> Iterator[Path]:
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    yield from sorted(found)


def _where(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    subjects: DataSubjects,
    longer: tuple[str, ...],
) -> str | None:
    if path.suffix == ".parquet" and (column := _column(connection, path, subjects)):
        return f"column {column}"
    return "in its bytes" if _is_in_bytes(path, subjects, longer) else None


def _column(
    connection: duckdb.DuckDBPyConnection, path: Path, subjects: DataSubjects
) -> str | None:
    source = f"read_parquet({literal(str(path))}, hive_partitioning => false)"
    try:
        found = connection.execute(f"describe select * from {source}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error:  # no Parquet, whatever its name; its bytes are searched
        return None
    conditions = {
        name: is_one_of(subjects)
        if name == "customer_id"
        else names_them(identifier(name), subjects)
        for name, kind, *_ in found
        if any(text in kind for text in TEXT_TYPES)
    }
    if not conditions:
        return None
    counts = ", ".join(f"count(*) filter (where {each})" for each in conditions.values())
    row = connection.execute(f"select {counts} from {source}").fetchall()[0]  # noqa: S608 - quoted
    return next((name for name, count in zip(conditions, row, strict=True) if count), None)


def _is_in_bytes(path: Path, subjects: DataSubjects, longer: tuple[str, ...]) -> bool:
    with suppress(FileNotFoundError), path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(
                not _is_part_of_longer(content, at, spelling, longer)
                for spelling in subjects.spellings
                for at in _places(content, spelling.encode())
            )
    return False


def _places(content: mmap.mmap, wanted: bytes) -> Iterator[int]:
    at = content.find(wanted)
    while at >= 0:
        yield at
        at = content.find(wanted, at + 1)


def _is_part_of_longer(content: mmap.mmap, at: int, spelling: str, longer: tuple[str, ...]) -> bool:
    for other in longer:
        whole, part = other.encode(), spelling.encode()
        offset = whole.find(part)
        while offset >= 0:
            if at >= offset and content[at - offset : at - offset + len(whole)] == whole:
                return True
            offset = whole.find(part, offset + 1)
    return False
