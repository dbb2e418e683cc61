"""Rows and texts in the tables of a DuckDB or DuckLake database, whatever tables there are.

A row is a person's where its `customer_id` is theirs, or where a column holds a JSON record whose
`customer_id` is theirs. Where another text names them, the row stays and the name goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects

TEXT_TYPES = ("VARCHAR", "JSON")
COLUMNS = """
select
    columns.schema_name, columns.table_name,
    list(column_name order by column_index), list(data_type order by column_index)
from duckdb_columns() as columns
inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
where database_name = ?
group by all
order by all
"""


@dataclass(frozen=True)
class Table:
    """A table that may hold a person, and its columns by name with their types."""

    database: str
    schema: str
    name: str
    columns: dict[str, str]

    @property
    def sql(self) -> str:
        """Its name in SQL."""
        return ".".join(map(identifier, (self.database, self.schema, self.name)))

    @property
    def texts(self) -> list[str]:
        """Columns that hold text and are not the key."""
        return [
            name
            for name, kind in self.columns.items()
            if name != "customer_id" and kind in TEXT_TYPES
        ]

    @property
    def lists(self) -> list[str]:
        """Columns of lists or structures with texts in them."""
        return [
            name
            for name, kind in self.columns.items()
            if kind not in TEXT_TYPES and any(text in kind for text in TEXT_TYPES)
        ]


@dataclass(frozen=True)
class Holding:
    """What a table holds: rows of the people, and other rows with texts that name them."""

    table: Table
    rows: int
    texts: int


def identifier(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def is_one_of(subjects: DataSubjects, column: str = "customer_id") -> str:
    """The condition that a column holds one of the ids, compared as staging does."""
    ids = ", ".join(map(literal, subjects.customer_ids))
    return f"trim(cast({column} as text), e' \\t\\r\\n') in ({ids})"


def is_theirs(table: Table, subjects: DataSubjects) -> str:
    """The condition that a row is one of the people's; null never."""
    conditions = [is_one_of(subjects)] if "customer_id" in table.columns else []
    for column in map(identifier, table.texts):
        is_record = (
            f"case when {_contains(column, subjects.spellings_in_records)} and json_valid({column})"
            f" then {is_one_of(subjects, f'json_extract_string({column}, {_PATH})')} end"
        )
        conditions.append(is_record)
    return " or ".join(f"coalesce({each}, false)" for each in conditions) or "false"


def names_them(column: str, subjects: DataSubjects) -> str:
    """The condition that a text names one of the people; the costly look only where it may."""
    if not subjects.spellings:
        return "false"
    return (
        f"coalesce(case when {_contains(column, subjects.spellings)}"
        f" then names_erased(cast({column} as text)) end, false)"
    )


def know(connection: duckdb.DuckDBPyConnection, subjects: DataSubjects) -> None:
    """Teach a connection to tell whether a text names one of the people, and to replace it."""
    connection.create_function("names_erased", subjects.are_named_in, ["varchar"], "boolean")
    connection.create_function("without_erased", subjects.without, ["varchar"], "varchar")


def tables_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[Table]:
    """Every table of a database, whatever it holds."""
    found = connection.execute(COLUMNS, [database]).fetchall()
    return [
        Table(database, schema, name, dict(zip(names, types, strict=True)))
        for schema, name, names, types in found
    ]


def find(
    connection: duckdb.DuckDBPyConnection, database: str, subjects: DataSubjects
) -> Iterator[Holding]:
    """The tables of a database that hold one of the people."""
    for table in tables_of(connection, database):
        if "customer_id" not in table.columns and not table.texts and not table.lists:
            continue
        rows, texts = connection.execute(
            "select count(*) filter (where theirs),"  # noqa: S608 - quoted
            " count(*) filter (where named and not theirs)"
            f" from (select {is_theirs(table, subjects)} as theirs,"
            f" {_is_named(table, subjects)} as named from {table.sql})"
        ).fetchall()[0]
        if rows or texts:
            yield Holding(table, rows, texts)


def erase(connection: duckdb.DuckDBPyConnection, subjects: DataSubjects, holding: Holding) -> None:
    """Delete the people's rows of a table, and their names from its other texts."""
    table = holding.table
    if holding.rows:
        connection.execute(f"delete from {table.sql} where {is_theirs(table, subjects)}")  # noqa: S608 - quoted
    if holding.texts:
        changes = [
            f"{column} = case when {names_them(column, subjects)}"
            f" then without_erased({column}) else {column} end"
            for column in map(identifier, table.texts)
        ]
        changes += [
            f"{column} = case when {names_them(column, subjects)} then null else {column} end"
            for column in map(identifier, table.lists)
        ]
        connection.execute(
            f"update {table.sql} set {', '.join(changes)} where {_is_named(table, subjects)}"  # noqa: S608 - quoted
        )


_PATH = "'$.customer_id'"


def _is_named(table: Table, subjects: DataSubjects) -> str:
    texts = [names_them(column, subjects) for column in map(identifier, table.texts)]
    texts += [names_them(column, subjects) for column in map(identifier, table.lists)]
    return " or ".join(texts) or "false"


def _contains(column: str, spellings: tuple[str, ...]) -> str:
    text = f"cast({column} as text)"
    return "(" + " or ".join(f"contains({text}, {literal(each)})" for each in spellings) + ")"
