"""Erasure of rows and names from all tables of a DuckDB or DuckLake database.

A row belongs to a data subject if its `customer_id`, or the `customer_id` of a JSON record in one
of its columns, is theirs; it is deleted. If another text of a row names a data subject, the row
stays and the name is replaced.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from python_scoring.erasure.data_subjects import DataSubjects, one_of
from python_scoring.project.sql_text import identifier, literal

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
    """Table that may hold a data subject; `columns` has the type of each column by name."""

    database: str
    schema: str
    name: str
    columns: dict[str, str]

    @property
    def sql(self) -> str:
        """The table's qualified name in SQL."""
        return ".".join(map(identifier, (self.database, self.schema, self.name)))

    @property
    def texts(self) -> list[str]:
        """The text columns other than customer_id."""
        return [
            name
            for name, kind in self.columns.items()
            if name != "customer_id" and kind in TEXT_TYPES
        ]

    @property
    def lists(self) -> list[str]:
        """The columns of lists or structures that contain text."""
        return [
            name
            for name, kind in self.columns.items()
            if kind not in TEXT_TYPES and any(text in kind for text in TEXT_TYPES)
        ]


@dataclass(frozen=True)
class Holding:
    """Finds in a table: number of the data subjects' rows, and of other rows that name them."""

    table: Table
    rows: int
    texts: int


def is_one_of(subjects: DataSubjects, column: str = "customer_id") -> str:
    """SQL condition: the column holds one of the ids, trimmed as in staging."""
    ids = ", ".join(map(literal, subjects.customer_ids))
    return f"trim(cast({column} as text), e' \\t\\r\\n') in ({ids})"


def contains(column: str, spellings: tuple[str, ...]) -> str:
    """SQL condition: a text holds one of the spellings; one pass, however many there are."""
    if len(spellings) == 1:
        return f"contains(cast({column} as text), {literal(spellings[0])})"
    return f"regexp_matches(cast({column} as text), {literal(one_of(spellings))})"


def is_theirs(table: Table, subjects: DataSubjects) -> str:
    """SQL condition: the row belongs to a data subject; never null."""
    conditions = [is_one_of(subjects)] if "customer_id" in table.columns else []
    conditions += [
        f"case when {contains(column, subjects.spellings_in_records)}"
        f" then is_record_of_erased(cast({column} as text)) end"
        for column in map(identifier, table.texts)
    ]
    return " or ".join(f"coalesce({each}, false)" for each in conditions) or "false"


def names_subject(column: str, subjects: DataSubjects) -> str:
    """SQL condition: the text names a data subject; a cheap test precedes the exact one."""
    if not subjects.spellings:
        return "false"
    return (
        f"coalesce(case when {contains(column, subjects.spellings)}"
        f" then names_erased(cast({column} as text)) end, false)"
    )


def register_functions(connection: duckdb.DuckDBPyConnection, subjects: DataSubjects) -> None:
    """Create the functions that the conditions call; each takes any text, and none can fail.

    A `case` in the conditions saves calls and guards no error: DuckDB may evaluate both its arms.
    """
    connection.create_function("is_record_of_erased", subjects.have_record, ["varchar"], "boolean")
    connection.create_function("names_erased", subjects.are_named_in, ["varchar"], "boolean")
    connection.create_function("without_erased", subjects.without, ["varchar"], "varchar")


def tables_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[Table]:
    """All tables of an attached database."""
    found = connection.execute(COLUMNS, [database]).fetchall()
    return [
        Table(database, schema, name, dict(zip(names, types, strict=True)))
        for schema, name, names, types in found
    ]


def find(
    connection: duckdb.DuckDBPyConnection, database: str, subjects: DataSubjects
) -> Iterator[Holding]:
    """Yield the tables of an attached database that hold or name a data subject."""
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
    """Delete the data subjects' rows from a table, and their names from its other texts."""
    table = holding.table
    if holding.rows:
        connection.execute(f"delete from {table.sql} where {is_theirs(table, subjects)}")  # noqa: S608 - quoted
    if holding.texts:
        changes = [
            f"{column} = case when {names_subject(column, subjects)}"
            f" then without_erased({column}) else {column} end"
            for column in map(identifier, table.texts)
        ]
        changes += [
            f"{column} = case when {names_subject(column, subjects)} then null else {column} end"
            for column in map(identifier, table.lists)
        ]
        connection.execute(
            f"update {table.sql} set {', '.join(changes)} where {_is_named(table, subjects)}"  # noqa: S608 - quoted
        )


def _is_named(table: Table, subjects: DataSubjects) -> str:
    texts = [names_subject(column, subjects) for column in map(identifier, table.texts)]
    texts += [names_subject(column, subjects) for column in map(identifier, table.lists)]
    return " or ".join(texts) or "false"
