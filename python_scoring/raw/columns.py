"""Columns of one raw file: the source of each declared column, and the problems of the file.

Names are compared without case. Extra columns are ignored. Text is accepted for a number or an
instant; values that cannot be parsed are rejected row by row.
"""

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from python_scoring.project.sql_text import identifier, literal

# Types of Parquet columns that each declared type is read from.
ACCEPTED = {
    "text": ("VARCHAR", "ENUM"),
    "timestamp": ("TIMESTAMP", "DATE", "VARCHAR"),
    "decimal": ("DECIMAL", "DOUBLE", "FLOAT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT",
                "HUGEINT", "UINTEGER", "UBIGINT", "USMALLINT", "UTINYINT", "VARCHAR"),
    "integer": ("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT", "UINTEGER", "UBIGINT",
                "USMALLINT", "UTINYINT", "DOUBLE", "FLOAT", "DECIMAL", "VARCHAR"),
}  # fmt: skip
OPTIONAL = "loaded_at"  # without it, rows count as loaded when their file was landed
NOTHING = "NULL"  # type of a column of nulls
SEPARATORS = ",;\t|"
FILE_NAME = "path_of_this_row"  # a name that no export has
VALUE = re.compile(r'\bvalue ".*?"(?= is not)')


@dataclass(frozen=True)
class FileColumns:
    """SQL expressions that read each declared column from the rows of a file."""

    table: str
    reader: str  # table function with options; {files} stands for a list of them
    expressions: tuple[tuple[str, str], ...]  # declared name, SQL
    types: tuple[str, ...]  # as found; files of different types are not read together

    @property
    def has_loaded_at(self) -> bool:
        """Whether the file itself states when its rows were loaded."""
        return OPTIONAL in dict(self.expressions)


def read_columns(
    connection: duckdb.DuckDBPyConnection, table: str, file: Path, declared: dict[str, str]
) -> tuple[FileColumns | None, list[str]]:
    """Return how to read a file, and every problem as a sentence.

    `declared` has the type of each declared column of the table.
    """
    try:
        found = csv_columns(file) if is_csv(file) else _parquet_columns(connection, file)
    except (
        OSError,
        EOFError,
        csv.Error,
        UnicodeDecodeError,
        pa.ArrowException,
        duckdb.Error,
    ) as error:
        return None, [_unreadable(table, file, error)]
    problems = list(_problems(table, file, found, declared))
    if problems:
        return None, problems
    spelled = {name.lower(): name for name in found}
    expressions = tuple(
        (name, _expression(spelled[name], found[spelled[name]]))
        for name in declared
        if name in spelled
    )
    types = tuple(found[spelled[name]] for name, _ in expressions)
    columns = FileColumns(table, _reader(file), expressions, types)
    if problem := _unreadable_rows(connection, file, columns):
        return None, [problem]
    return columns, []


def _unreadable_rows(
    connection: duckdb.DuckDBPyConnection, file: Path, columns: FileColumns
) -> str | None:
    """Return why rows of a file cannot be read: a landing that failed halfway would not name it.

    Reads every value once, at some percent of the cost of landing it.
    """
    values = ", ".join(expression for _, expression in columns.expressions)
    try:
        connection.execute(
            f"select bit_xor(hash({values})) from {reading(columns.reader, [file])}"  # noqa: S608 - quoted
        ).fetchall()
    except duckdb.Error as error:
        named = _first_bad_line(connection, file) if is_csv(file) else None
        return _unreadable(columns.table, file, named or error)
    return None


def _first_bad_line(connection: duckdb.DuckDBPyConnection, file: Path) -> duckdb.Error | None:
    """Return DuckDB's error with the number of the line.

    Where it has to find out quotes and line ends itself, it only says that it could not.
    """
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in csv_columns(file))
    options = (
        f"auto_detect => false, header => true, delim => {_delimiter(file)}, quote => '\"', "
        f"escape => '\"', columns => {{{names}}}"
    )
    try:
        connection.execute(f"select count(*) from read_csv([{path_literal(file)}], {options})")  # noqa: S608 - quoted
    except duckdb.Error as error:
        return error
    return None


def _unreadable(table: str, file: Path, error: Exception) -> str:
    kind = "CSV" if is_csv(file) else "Parquet"
    lines = str(error).partition("Possible")[0].strip().splitlines() or ["no message"]
    # The first line says where, the last one what. Lines between them, and quoted values, are
    # customers' data, which no incident may hold.
    said = ": ".join(dict.fromkeys(VALUE.sub("a value", lines[at].strip(" .")) for at in (0, -1)))
    return (
        f"table {table}: {file} cannot be read as {kind}: {said}. "
        "Export the file again, or take it away."
    )


def _problems(
    table: str, file: Path, found: dict[str, str], declared: dict[str, str]
) -> Iterator[str]:
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in found:
        spellings[name.lower()].append(name)
    for name, data_type in declared.items():
        if len(spellings[name]) > 1:
            both = " and ".join(spellings[name])
            yield (
                f"table {table}: {file} has the columns {both}, which differ in case alone; "
                f"expected {name} once. Drop or rename one of them in the export."
            )
        elif not spellings[name]:
            if name != OPTIONAL:
                names = ", ".join(found)
                yield (
                    f"table {table}: column {name} ({data_type}) is missing in {file}; "
                    f"found {names}."
                )
        elif not _is_accepted(found[spellings[name][0]], data_type):
            yield (
                f"table {table}: column {name} has type {found[spellings[name][0]]}, "
                f"expected {data_type}, in {file}. Cast it in the export."
            )


def _is_accepted(found: str, declared: str) -> bool:
    if found == NOTHING:
        return True
    kind = re.split(r"[( _]", found, maxsplit=1)[0]
    return kind in ACCEPTED[declared] and not found.endswith("[]")


def _expression(name: str, data_type: str) -> str:
    if data_type == NOTHING:
        return "cast(null as text)"
    quoted = identifier(name)
    return f"cast({quoted} as text)" if data_type.startswith("ENUM") else quoted


def _parquet_columns(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    """Return DuckDB's type of each column, by its name as the file spells it."""
    if not file.is_file():
        raise OSError("it is no file.")
    schema = pq.read_schema(file)
    described = connection.execute(
        "describe select * from read_parquet(?, hive_partitioning => false)", [pattern(file)]
    ).fetchall()
    if len(described) != len(schema.names):
        raise OSError(f"{len(schema.names)} columns, of which DuckDB reads {len(described)}.")
    columns: dict[str, Any] = {}
    for field, (_, data_type, *_) in zip(schema, described, strict=True):
        # DuckDB shows a column of Parquet's Null type as INTEGER.
        columns[field.name] = NOTHING if pa.types.is_null(field.type) else data_type
    if len(columns) != len(schema.names):
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        raise OSError(f"the column {twice[0]} stands in it twice.")
    return columns


def csv_columns(file: Path) -> dict[str, str]:
    """Return the names in the first line, each of type text; raises OSError if there are none."""
    first = _first_line(file)
    if not first.strip():
        raise OSError("it is empty, and a first line with the names of the columns is required.")
    names = next(csv.reader([first.rstrip("\r\n")], delimiter=_separator(first)))
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise OSError(f"the column {twice[0]} stands in its first line twice.")
    return dict.fromkeys(names, "VARCHAR")


def is_csv(file: Path) -> bool:
    """Whether the file is CSV, compressed or not, by its name."""
    return file.name.endswith((".csv", ".csv.gz"))


def _first_line(file: Path) -> str:
    opened = gzip.open if file.name.endswith(".gz") else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
        return str(lines.readline())


def _separator(line: str) -> str:
    return max(SEPARATORS, key=line.count)


def csv_separator(file: Path) -> str:
    """Return the common separator that the first line of a CSV file has most of."""
    return _separator(_first_line(file))


def _delimiter(file: Path) -> str:
    separator = csv_separator(file)
    return "'\\t'" if separator == "\t" else f"'{separator}'"


def rows_of(file: Path, encoding: str = "utf-8") -> str:
    """Return an SQL relation of the rows of one file, under its own names.

    `encoding` is that of a CSV file, by DuckDB's name.
    """
    return reading(_reader(file, encoding), [file])


def reading(reader: str, files: list[Path]) -> str:
    """Return an SQL relation of the rows of files that one reader reads."""
    listed = ", ".join(path_literal(file) for file in files)
    return reader.format(files=f"[{listed}]")


def pattern(file: Path) -> str:
    """Return a path by which DuckDB's readers read this file alone, whatever its name."""
    return re.sub(r"[\[*?]", r"[\g<0>]", str(file))


def path_literal(file: Path) -> str:
    """Return the `pattern` of a file as a literal in SQL."""
    return literal(pattern(file))


def _reader(file: Path, encoding: str = "utf-8") -> str:
    """Return the table function that reads files like this one; {files} stands for the list."""
    if is_csv(file):
        options = f"delim => {_delimiter(file)}, header => true, all_varchar => true"
        if encoding != "utf-8":
            options += f", encoding => {literal(encoding)}"
        return f"read_csv({{files}}, {options}, filename => '{FILE_NAME}')"
    return f"read_parquet({{files}}, hive_partitioning => false, filename => '{FILE_NAME}')"
