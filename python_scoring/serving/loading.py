"""Loading of runs from the lake into PostgreSQL, each run in a transaction of its own."""

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
from psycopg import sql
from pyarrow import csv

from python_scoring.errors import ServingError
from python_scoring.project.sql_text import identifier
from python_scoring.serving.columns import RUN_COLUMNS
from python_scoring.serving.connection import Connection
from python_scoring.serving.lake_state import Run
from python_scoring.serving.tables import Table, keep_no_statistics, say_it_is_one_run

BATCH = 100_000
WITHOUT_HEADER = csv.WriteOptions(include_header=False)


def load_current(
    connection: Connection, lake: duckdb.DuckDBPyConnection, table: Table, run: Run
) -> int:
    """Load a run into a new partition that is not yet served; returns the number of rows.

    The partition is filled before it is attached, so that no reader waits for it. Rows come in the
    order of the index: it is then filled as fast as it would be built afterwards.
    Raises ServingError where the lake's rows do not belong to one run, or rows are lost.
    """
    with connection.transaction():
        number = _register(connection, lake, table, run)
        partition = sql.Identifier("serving_data", f"run_{number}")
        connection.execute(
            sql.SQL("create table {} (like {} including defaults, check (run_number = {}))").format(
                partition, table.identifier, sql.Literal(number)
            )
        )
        say_it_is_one_run(connection, f"run_{number}", number)
        keep_no_statistics(connection, f"run_{number}")
        connection.execute(sql.SQL("create unique index on {} (customer_id)").format(partition))
        # Frozen: visible to every reader that sees the partition, and never vacuumed.
        row_count = _copy(connection, lake, table, run, number, partition, freeze=True)
        connection.execute(
            sql.SQL("alter table {} attach partition {} for values in ({})").format(
                table.identifier, partition, sql.Literal(number)
            )
        )
        _set_row_count(connection, number, row_count)
    return row_count


def load_history(
    connection: Connection, lake: duckdb.DuckDBPyConnection, table: Table, run: Run
) -> int:
    """Load a run, not yet visible, into the partition of its month; returns the number of rows.

    Raises ServingError as `load_current` does.
    """
    with connection.transaction():
        partition = _month_partition(connection, table, run.as_of.date())
        number = _register(connection, lake, table, run)
        row_count = _copy(connection, lake, table, run, number, partition, freeze=False)
        _set_row_count(connection, number, row_count)
    return row_count


def adopt_runs(connection: Connection, lake: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Mark loaded runs of a history as complete where all new columns are null in the lake.

    Runs with values in a new column are loaded again. Without this a new column would reload the
    whole history.
    """
    stale = connection.execute(
        "select run_number, run_id, column_names from serving_data.runs"
        " where relation = %s and column_names <> %s",
        [table.mart.relation, table.column_names],
    ).fetchall()
    for names in {tuple(names) for _, _, names in stale}:
        new = [each for each in table.column_names if each not in names]
        found = lake.execute(
            f"select distinct run_id from {_mart(table)}"  # noqa: S608 - names are quoted
            f" where coalesce({', '.join(f'cast({identifier(each)} as text)' for each in new)})"
            " is not null"
        ).fetchall()
        filled = {run_id for (run_id,) in found}
        adopted = [
            number for number, run_id, own in stale if tuple(own) == names and run_id not in filled
        ]
        connection.execute(
            "update serving_data.runs set column_names = %s where run_number = any (%s)",
            [table.column_names, adopted],
        )


def _register(
    connection: Connection, lake: duckdb.DuckDBPyConnection, table: Table, run: Run
) -> int:
    """Add the run to serving_data.runs; returns its run_number."""
    present = {each.name for each in table.mart.columns} & set(RUN_COLUMNS)
    run_values: dict[str, Any] = {
        "run_id": run.run_id,
        "product": table.mart.product,
        "as_of": run.as_of,
        "prediction_date": run.as_of.date(),
    }
    names = [name for name in RUN_COLUMNS if name in present]
    if names:
        query = (
            f"select distinct {', '.join(map(identifier, names))}"  # noqa: S608 - names are quoted
            f" from {_mart(table)} {_run_condition(table, run)[0]}"
        )
        found = lake.execute(query, _run_condition(table, run)[1]).fetchmany(2)
        if len(found) > 1:
            raise ServingError(
                f"{table.mart.relation}, run {run.run_id}: {', '.join(names)} differ among "
                "its rows; expected one value of each in a run. Rename the column that varies."
            )
        run_values |= {key: value for row in found for key, value in zip(names, row, strict=True)}
    if run_values["run_id"] != run.run_id:
        raise ServingError(
            f"{table.mart.relation} holds the run {run_values['run_id']}, and lake.operations."
            f"serving_states names {run.run_id}: expected the same. Run `dbt build`, which makes "
            "both."
        )
    values = {
        **{name: run_values.get(name) for name in RUN_COLUMNS},
        "relation": table.mart.relation,
        "column_names": table.column_names,
        "row_count": 0,
        "is_visible": False,
        "is_withdrawn": run.is_withdrawn,
        "is_superseded": run.is_superseded,
    }
    number = connection.execute(
        sql.SQL("insert into serving_data.runs ({}) values ({}) returning run_number").format(
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    ).fetchone()
    return int(number[0]) if number else 0


def _month_partition(connection: Connection, table: Table, day: date) -> sql.Identifier:
    """The partition of the day's month, created and attached where it is missing."""
    first = day.replace(day=1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    name = f"month_{table.number}_{first:%Y%m}"
    partition = sql.Identifier("serving_data", name)
    found = connection.execute("select to_regclass(%s)", [f"serving_data.{name}"]).fetchone()
    if found and found[0] is not None:
        return partition
    bounds = {"first": sql.Literal(first), "after": sql.Literal(after)}
    connection.execute(
        sql.SQL(
            "create table {} (like {} including indexes,"
            " check (prediction_date >= {first} and prediction_date < {after}))"
        ).format(partition, table.identifier, **bounds)
    )
    keep_no_statistics(connection, name)
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values from ({first}) to ({after})").format(
            table.identifier, partition, **bounds
        )
    )
    return partition


def _copy(
    connection: Connection,
    lake: duckdb.DuckDBPyConnection,
    table: Table,
    run: Run,
    number: int,
    partition: sql.Identifier,
    *,
    freeze: bool,
) -> int:
    constants = {"run_number": str(number)}
    if table.mart.kind == "history":
        constants["prediction_date"] = f"date '{run.as_of.date()}'"
    selected = [f"{value} as {name}" for name, value in constants.items()]
    selected += [each.selected for each in table.columns]
    where, values = _run_condition(table, run)
    query = (
        f"select {', '.join(selected)} from {_mart(table)} {where}"  # noqa: S608 - quoted names
        " order by customer_id collate c"
    )
    names = [*constants, *(each.name for each in table.columns)]
    statement = sql.SQL("copy {} ({}) from stdin (format csv{})").format(
        partition,
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", freeze" if freeze else ""),
    )
    sent = 0
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for batch in _batches(lake, query, values):
                sent += batch.num_rows
                buffer = io.BytesIO()
                csv.write_csv(batch, buffer, WITHOUT_HEADER)
                copy.write(buffer.getbuffer())
        if cursor.rowcount != sent:
            raise ServingError(
                f"{table.mart.relation}, run {run.run_id}: the lake has {sent} rows and PostgreSQL "
                f"took {cursor.rowcount}; nothing was published of it. Publish again."
            )
    return sent


def _batches(lake: duckdb.DuckDBPyConnection, query: str, values: list[Any]) -> Iterator[Any]:
    yield from lake.execute(query, values).to_arrow_reader(BATCH)


def _mart(table: Table) -> str:
    return f"lake.marts.{identifier(table.mart.relation)}"


def _run_condition(table: Table, run: Run) -> tuple[str, list[Any]]:
    """The where clause for a run's rows in a history, and its parameters.

    The day is in it too, so that DuckLake skips the files of other days. A current mart holds one
    run, and _register checks that it is this one.
    """
    if table.mart.kind == "current":
        return "", []
    conditions = {"run_id": run.run_id, "prediction_date": run.as_of.date()}
    present = [name for name in conditions if name in {each.name for each in table.mart.columns}]
    return (
        "where " + " and ".join(f"{name} = ?" for name in present),
        [conditions[name] for name in present],
    )


def _set_row_count(connection: Connection, number: int, row_count: int) -> None:
    connection.execute(
        "update serving_data.runs set row_count = %s where run_number = %s", [row_count, number]
    )
