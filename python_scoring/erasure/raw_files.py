"""Raw copies: Parquet files, rewritten only where they hold a data subject."""

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
from python_scoring.erasure.tables import identifier, is_one_of, literal
from python_scoring.errors import InputError, PredictionError
from python_scoring.raw.files import raw_files

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
    files = [str(path) for path in raw_files(folder, "orders")]
    if not files:
        return []
    query = f"""
        with versions as (
            select
                trim(cast(order_id as text), e' \\t\\r\\n') as order_id,
                loaded_at,
                {is_one_of(subjects)} as is_theirs
            from read_parquet(?, union_by_name => true)
            where nullif(trim(cast(customer_id as text), e' \\t\\r\\n'), '') is not null
        )

        select order_id from versions
        group by order_id
        having max(loaded_at) filter (where is_theirs) > min(loaded_at) filter (where not is_theirs)
        order by order_id
    """  # noqa: S608 - quoted
    return [order_id for (order_id,) in connection.execute(query, [files]).fetchall()]


def erase(file: RawFile, subjects: DataSubjects) -> None:
    """Rewrite a file without the data subjects; order, types and compression stay.

    Raises PredictionError where another process has changed the file meanwhile.
    """
    unfinished = file.path.with_name(f".{file.path.name}{UNFINISHED}")
    written = _write(file.path, unfinished, subjects)
    expected = pq.read_metadata(file.path).num_rows - file.rows
    if written != expected:
        unfinished.unlink()
        raise PredictionError(
            f"{file.path}: {written} rows would remain, expected {expected}. Another process has "
            "written to the file meanwhile; it is as that process left it. Run the command again."
        )
    with unfinished.open("rb") as written_file:
        os.fsync(written_file.fileno())
    shutil.copymode(file.path, unfinished)
    unfinished.replace(file.path)


def remove_unfinished(folder: Path, tables: list[str]) -> None:
    """Delete the unfinished files that a killed erasure has left next to the raw files."""
    for parent in (folder, *(folder / table for table in tables)):
        for path in parent.glob(f".*{UNFINISHED}"):
            path.unlink()


def _id_column(path: Path) -> str | None:
    """The file's spelling of `customer_id`, whose case builds ignore; None where there is none.

    Raises InputError where two columns differ in case alone: a build refuses the file, and nobody
    knows which of them it would have read.
    """
    names = [name for name in pq.read_schema(path).names if name.lower() == "customer_id"]
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
            f"select count(*) from read_parquet({literal(str(path))}, hive_partitioning => false)"  # noqa: S608 - quoted
            f" where {is_one_of(subjects, identifier(column))}"
        ).fetchall()
    except (duckdb.Error, pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path} cannot be read as Parquet, so nobody knows whether it holds the person: "
            f"{error}. Remove the file or load it anew, then run the command again."
        ) from error
    return int(found[0][0])


def _write(source: Path, target: Path, subjects: DataSubjects) -> int:
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
