"""Tables of the mart versions, and the register of mart versions."""

import json
from dataclasses import dataclass

from psycopg import sql

from python_scoring.errors import ServingError
from python_scoring.serving.columns import Column, stored
from python_scoring.serving.connection import Connection
from python_scoring.serving.lake_state import Mart
from python_scoring.serving.lock_retry import retry_locked


@dataclass(frozen=True)
class Table:
    """Partitioned table of a mart version, with the columns of its rows."""

    mart: Mart
    number: int
    columns: tuple[Column, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """The table's qualified name in SQL."""
        return sql.Identifier("serving_data", self.mart.relation)

    @property
    def column_names(self) -> list[str]:
        """The sorted column names of a run that is loaded now; older runs may lack some."""
        return sorted(each.name for each in self.columns)


def prepare_table(connection: Connection, mart: Mart) -> Table:
    """Create the mart's table or add its new columns, and return it.

    Raises ServingError where a column was retyped or removed, which requires a new version.
    """
    columns = tuple(stored(mart.columns, mart.kind))
    if "customer_id" not in {each.name for each in columns}:
        raise ServingError(
            f"mart {mart.relation}: no column customer_id; expected one row per customer."
        )
    exists = connection.execute(
        "select to_regclass(%s) is not null", [f"serving_data.{mart.relation}"]
    ).fetchone()
    if exists and exists[0]:
        _widen(connection, mart, columns)
    else:
        _create(connection, mart, columns)
    found = connection.execute(
        "select mart_number from serving_data.marts where relation = %s", [mart.relation]
    ).fetchone()
    if not found:
        raise ServingError(f"mart {mart.relation}: has a table but is not in serving_data.marts.")
    return Table(mart, int(found[0]), columns)


def keep_no_statistics(connection: Connection, name: str) -> None:
    """Have PostgreSQL keep no statistics of an empty partition: readers might see them.

    pg_class shows its estimate of rows to everybody, and EXPLAIN what it knows of values. It keeps
    none of a table that is neither analyzed nor vacuumed and whose indexes were made while it was
    empty. Searches by customer_id need none: the index is unique. Call it in the transaction that
    creates the partition.
    """
    table = sql.Identifier("serving_data", name)
    found = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0"
        " and not attisdropped",
        [f"serving_data.{name}"],
    ).fetchall()
    changes: list[sql.Composable] = [sql.SQL("set (autovacuum_enabled = off)")]
    changes += [
        sql.SQL("alter column {} set statistics 0").format(sql.Identifier(column))
        for (column,) in found
    ]
    connection.execute(sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(changes)))


def say_it_is_one_run(connection: Connection, name: str, run_number: int) -> None:
    """Tell the planner that all rows of an empty partition belong to one run.

    Views ask for the served run; otherwise the planner expects a two-hundredth of its rows. The
    statistic is taken of rows that are gone again with their count. Call it in the transaction that
    creates the partition, before `keep_no_statistics`.
    """
    table = sql.Identifier("serving_data", name)
    connection.execute(
        sql.SQL("insert into {} (run_number) select {} from generate_series(1, 10)").format(
            table, sql.Literal(run_number)
        )
    )
    connection.execute(sql.SQL("analyze {} (run_number)").format(table))
    # In a savepoint, else the table is emptied in place and keeps its count.
    with connection.transaction():
        connection.execute(sql.SQL("truncate {}").format(table))


def _create(connection: Connection, mart: Mart, columns: tuple[Column, ...]) -> None:
    parts: list[sql.Composable] = [sql.SQL("run_number integer not null")]
    key = sql.SQL("list (run_number)")
    if mart.kind == "history":
        parts.append(sql.SQL("prediction_date date not null"))
        key = sql.SQL("range (prediction_date)")
    parts += [_definition(each) for each in columns]
    with connection.transaction():
        connection.execute(
            sql.SQL("create table {} ({}) partition by {}").format(
                sql.Identifier("serving_data", mart.relation), sql.SQL(", ").join(parts), key
            )
        )
        if mart.kind == "history":
            connection.execute(
                sql.SQL("create index on {} (customer_id, run_number)").format(
                    sql.Identifier("serving_data", mart.relation)
                )
            )
        connection.execute("delete from serving_data.runs where relation = %s", [mart.relation])
        connection.execute("delete from serving_data.marts where relation = %s", [mart.relation])
        connection.execute(
            "insert into serving_data.marts"
            " (relation, output, version, product, kind, columns) values (%s, %s, %s, %s, %s, %s)",
            [mart.relation, mart.output, mart.version, mart.product, mart.kind, json.dumps([])],
        )


def _widen(connection: Connection, mart: Mart, columns: tuple[Column, ...]) -> None:
    found: dict[str, str] = dict(
        connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            [f"serving_data.{mart.relation}"],
        ).fetchall()
    )
    for column in columns:
        expected = _canonical(connection, column)
        if column.name in found and found[column.name] != expected:
            raise ServingError(
                f"column {column.name} of {mart.relation} is served as {found[column.name]} and "
                f"would become {expected}: readers would break. Publish it as a new version."
            )
    gone = set(found) - {"run_number", "prediction_date"} - {each.name for each in columns}
    if gone:
        raise ServingError(
            f"column {', '.join(sorted(gone))} of {mart.relation} is served and is gone from the "
            "mart: readers would break. Publish the mart without it as a new version."
        )
    new = [each for each in columns if each.name not in found]
    if new:
        change = sql.SQL("alter table {} {}").format(
            sql.Identifier("serving_data", mart.relation),
            sql.SQL(", ").join(sql.SQL("add column {}").format(_definition(each)) for each in new),
        )
        retry_locked(connection, lambda: connection.execute(change))


def _definition(column: Column) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.postgres_type))


def _canonical(connection: Connection, column: Column) -> str:
    """The column's type as PostgreSQL spells it."""
    found = connection.execute(
        "select format_type(%s::regtype, null)", [column.postgres_type.split("(")[0]]
    ).fetchone()
    base = str(found[0]) if found else column.postgres_type
    return base + column.postgres_type[len(column.postgres_type.split("(")[0]) :].replace(" ", "")
