"""Verification of an erasure: search of all files for the data subjects.

Parquet files are searched by cell, because their pages are compressed, and by byte; all other files
are searched by byte. An id that is a plain number or shorter than six characters also means other
things in files, so only cells are searched for it.
"""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import compute

from python_scoring.erasure.data_subjects import DataSubjects, one_of
from python_scoring.erasure.tables import (
    TEXT_TYPES,
    is_one_of,
    names_subject,
    register_functions,
)
from python_scoring.project.sql_text import identifier
from python_scoring.raw.columns import path_literal

CHUNK = 2**24  # bytes that are searched at once


def search(folders: list[Path], subjects: DataSubjects, longer_ids: tuple[str, ...]) -> list[str]:
    """The files that hold a data subject, each with the place in it.

    `longer_ids` are ids of other customers that contain a data subject's id; these may stay.
    """
    with duckdb.connect() as connection:
        register_functions(connection, subjects)
        return [
            f"{path} ({where})"
            for path in _files(folders)
            if (where := _where(connection, path, subjects, longer_ids))
        ]


def _files(folders: list[Path]) -> Iterator[Path]:
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    yield from sorted(found)


def _where(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    subjects: DataSubjects,
    longer_ids: tuple[str, ...],
) -> str | None:
    if path.suffix == ".parquet" and (column := _column(connection, path, subjects)):
        return f"column {column}"
    return "in its bytes" if _is_in_bytes(path, subjects, longer_ids) else None


def _column(
    connection: duckdb.DuckDBPyConnection, path: Path, subjects: DataSubjects
) -> str | None:
    source = f"read_parquet({path_literal(path)}, hive_partitioning => false)"
    try:
        found = connection.execute(f"describe select * from {source}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error:  # not Parquet despite its name; its bytes are searched
        return None
    conditions = {
        name: is_one_of(subjects, identifier(name))
        if name.lower() == "customer_id"
        else names_subject(identifier(name), subjects)
        for name, kind, *_ in found
        if any(text in kind for text in TEXT_TYPES)
    }
    if not conditions:
        return None
    counts = ", ".join(f"count(*) filter (where {each})" for each in conditions.values())
    row = connection.execute(f"select {counts} from {source}").fetchall()[0]  # noqa: S608 - quoted
    return next((name for name, count in zip(conditions, row, strict=True) if count), None)


def _is_in_bytes(path: Path, subjects: DataSubjects, longer_ids: tuple[str, ...]) -> bool:
    with suppress(FileNotFoundError), path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(
                not _is_part_of_longer(content, at, spelling, longer_ids)
                for at, spelling in _places(content, subjects.spellings)
            )
    return False


def _places(content: mmap.mmap, spellings: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Where which spelling begins; the content is read once, however many spellings there are."""
    wanted = {each: each.encode() for each in spellings}
    longest = max(map(len, wanted.values()), default=0)
    any_of_them = one_of(spellings)
    for start in range(0, len(content) if wanted else 0, CHUNK):
        chunk = content[start : start + CHUNK + longest - 1]
        if not compute.match_substring_regex(pa.scalar(chunk), any_of_them).as_py():
            continue
        for spelling, text in wanted.items():
            at = chunk.find(text)
            while 0 <= at < CHUNK:
                yield start + at, spelling
                at = chunk.find(text, at + 1)


def _is_part_of_longer(
    content: mmap.mmap, at: int, spelling: str, longer_ids: tuple[str, ...]
) -> bool:
    for other in longer_ids:
        whole, part = other.encode(), spelling.encode()
        offset = whole.find(part)
        while offset >= 0:
            if at >= offset and content[at - offset : at - offset + len(whole)] == whole:
                return True
            offset = whole.find(part, offset + 1)
    return False
