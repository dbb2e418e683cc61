"""Raw copies: Parquet and CSV files, rewritten only where they hold a data subject."""

import csv
import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute

from python_scoring.erasure.data_subjects import BLANKS, DataSubjects
from python_scoring.erasure.tables import is_one_of
from python_scoring.errors import InputError, PredictionError
from python_scoring.project.sql_text import identifier, literal
from python_scoring.raw.columns import csv_columns, csv_separator, is_csv, rows_of
from python_scoring.raw.files import FileState, locations, raw_files

UNFINISHED = ".erasing"  # not .parquet: a build that begins after a crash does not read it


@dataclass(frozen=True)
class RawFile:
    """File of a raw table, with the number of the data subjects' rows."""

    table: str
    path: Path
    rows: int


def find(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: list[str], subjects: DataSubjects
) -> list[RawFile]:
    """The files of the raw tables that hold a data subject.

    Raises InputError where a file cannot be read, or one that holds them cannot be rewritten.
    """
    found = []
    for table, path in [(name, path) for name in tables for path in raw_files(folder, name)]:
        rows = _count(connection, path, subjects)
        if not rows:
            continue
        if not os.access(path.parent, os.W_OK):
            raise InputError(
                f"{path} holds {rows} rows of the person, and {path.parent} is not writable for "
                "this user: it cannot be written anew. Let whoever owns it erase the person there, "
                "or run the command as its owner."
            )
        found.append(RawFile(table, path, rows))
    return found


def moved_orders(
    connection: duckdb.DuckDBPyConnection, folder: Path, subjects: DataSubjects
) -> list[str]:
    """The order ids with a newer version of a data subject and an older one of someone else.

    Once the newer version is erased the older one counts again, for the other customer.
    """
    files = raw_files(folder, "orders")
    if not files:
        return []
    rows = " union all by name ".join(
        f"(select order_id, customer_id, {_load_time(path)} as loaded_at from {rows_of(path)})"  # noqa: S608 - quoted
        for path in files
    )
    query = f"""
        with versions as (
            select
                trim(cast(order_id as text), e' \\t\\r\\n') as order_id,
                try_cast(loaded_at as timestamp) as loaded_at,
                {is_one_of(subjects)} as is_theirs
            from ({rows}) as orders
            where nullif(trim(cast(customer_id as text), e' \\t\\r\\n'), '') is not null
        )

        select order_id from versions
        group by order_id
        having max(loaded_at) filter (where is_theirs) > min(loaded_at) filter (where not is_theirs)
        order by order_id
    """  # noqa: S608 - quoted
    return [order_id for (order_id,) in connection.execute(query).fetchall()]


def _load_time(path: Path) -> str:
    """The column of a file, or, where it has none, when the file was written."""
    if any(name.lower() == "loaded_at" for name in _names(path)):
        return "loaded_at"
    return literal(str(FileState.of(path).modified_at))


def erase(file: RawFile, subjects: DataSubjects) -> None:
    """Rewrite a file without the data subjects; order, types and compression stay.

    Raises PredictionError where another process has changed the file meanwhile.
    """
    unfinished = file.path.with_name(f".{file.path.name}{UNFINISHED}")
    written = _write(file.path, unfinished, subjects)
    expected = _rows(file.path) - file.rows
    if written != expected:
        unfinished.unlink()
        raise PredictionError(
            f"{file.path}: {written} rows would remain, expected {expected}. Another process has "
            "written to the file; it is as that process left it. Run the command again."
        )
    with unfinished.open("rb") as written_file:
        os.fsync(written_file.fileno())
    shutil.copymode(file.path, unfinished)
    unfinished.replace(file.path)


def remove_unfinished(folder: Path, tables: list[str]) -> None:
    """Delete the unfinished files that a killed erasure has left next to the raw files."""
    folders = [place for table in tables for place in locations(folder, table) if place.is_dir()]
    for parent in (folder, *folders):
        for path in parent.glob(f".*{UNFINISHED}"):
            path.unlink()


def _id_column(path: Path) -> str | None:
    """Return the file's spelling of `customer_id`, whose case builds ignore; None if it is absent.

    Raises InputError if two columns differ in case alone: a build refuses the file too, because it
    is unknown which column it should read.
    """
    names = [name for name in _names(path) if name.lower() == "customer_id"]
    if len(names) > 1:
        raise InputError(
            f"{path} has the columns {' and '.join(names)}; expected customer_id once. "
            "Remove one of them from the file, then run the command again. Nothing was erased."
        )
    return names[0] if names else None


def _count(connection: duckdb.DuckDBPyConnection, path: Path, subjects: DataSubjects) -> int:
    try:
        column = _id_column(path)
        if column is None:  # a build would not accept the file either
            return 0
        found = connection.execute(
            f"select count(*) from {rows_of(path)}"  # noqa: S608 - quoted
            f" where {is_one_of(subjects, identifier(column))}"
        ).fetchall()
    except (duckdb.Error, pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path} cannot be read, so it is unknown whether it holds the person: "
            f"{str(error).rstrip('.')}. Remove the file or load it anew, then run the command "
            "again."
        ) from error
    return int(found[0][0])


def _names(path: Path) -> list[str]:
    return list(csv_columns(path)) if is_csv(path) else list(pq.read_schema(path).names)


def _rows(path: Path) -> int:
    if not is_csv(path):
        return int(pq.read_metadata(path).num_rows)
    with duckdb.connect() as connection:
        return int(connection.execute(f"select count(*) from {rows_of(path)}").fetchall()[0][0])  # noqa: S608 - quoted


def _write(source: Path, target: Path, subjects: DataSubjects) -> int:
    if is_csv(source):
        return _write_csv(source, target, subjects)
    return _write_parquet(source, target, subjects)


def _write_csv(source: Path, target: Path, subjects: DataSubjects) -> int:
    """Copy the lines of others; fields are quoted where they must be."""
    place = _names(source).index(_id_column(source) or "")
    separator = csv_separator(source)
    opened = gzip.open if source.name.endswith(".gz") else open
    kept = -1  # the header
    with (
        opened(source, "rt", encoding="utf-8-sig", newline="") as lines,
        opened(target, "wt", encoding="utf-8", newline="") as others,
    ):
        writer = csv.writer(others, delimiter=separator, lineterminator="\n")
        for fields in csv.reader(lines, delimiter=separator):
            if fields and fields[place].strip(BLANKS) not in subjects.customer_ids:
                writer.writerow(fields)
                kept += 1
    return kept


def _write_parquet(source: Path, target: Path, subjects: DataSubjects) -> int:
    kept = 0
    column = _id_column(source)
    with pq.ParquetFile(source) as file, _writer(file, target) as writer:
        for number in range(file.num_row_groups):
            group = file.read_row_group(number)
            ids = compute.utf8_trim(group[column].cast(pa.string()), characters=BLANKS)
            theirs = compute.is_in(ids, value_set=pa.array(subjects.customer_ids))
            others = group.filter(compute.invert(theirs))
            kept += others.num_rows
            if others.num_rows:
                writer.write_table(others, row_group_size=others.num_rows)
    return kept


def _writer(file: Any, target: Path) -> Any:
    """A Parquet writer with the format settings of `file`."""
    metadata, schema = file.metadata, file.schema
    compression: str | dict[str, str] = "snappy"
    if metadata.num_row_groups:
        group = metadata.row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        compression = {
            each.path_in_schema: "none" if each.compression == "UNCOMPRESSED" else each.compression
            for each in columns
        }
    types = {schema.column(number).physical_type for number in range(len(schema))}
    return pq.ParquetWriter(
        target,
        file.schema_arrow,
        compression=compression,
        use_deprecated_int96_timestamps="INT96" in types,
        store_schema=b"ARROW:schema" in (metadata.metadata or {}),
    )
