"""Removal of customers from the serving database, partition by partition.

A deleted row stays in its page, and VACUUM FULL keeps readers out while it works. Each partition
that holds one of the customers is therefore replaced by a copy of its other rows; readers wait for
the exchange alone. Logs, backups and replicas are out of a client's reach and remain the operator's
task.

Customer ids are passed trimmed and are compared with the trimmed ids of the rows, as in staging.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection, connect, masked
from python_scoring.serving.exclusive_lock import exclusive_lock
from python_scoring.serving.lock_retry import retry_locked
from python_scoring.serving.tables import keep_no_statistics, say_it_is_one_run

# Every table with the key, whether readers are shown it or not.
TABLES = """
select
    tables.relname, parents.relname, coalesce(inhdetachpending, false),
    pg_get_expr(tables.relpartbound, tables.oid)
from pg_class as tables
inner join pg_attribute on attrelid = tables.oid and attname = 'customer_id' and not attisdropped
left join pg_inherits on inhrelid = tables.oid
left join pg_class as parents on parents.oid = inhparent
where tables.relnamespace = to_regnamespace('serving_data') and tables.relkind = 'r'
order by tables.relname
"""
COUNT = "select run_number, count(*) from {} where btrim(customer_id, %s) = any (%s) group by 1"
# As a setting of the session, so that neither the log nor pg_stat_statements contains an id.
SET_CUSTOMER_IDS = "select set_config('erasure.customer_ids', %s, false)"
OTHER_ROWS = """
copy (
    select * from {} where btrim(customer_id, e' \\t\\r\\n') not in (
        select jsonb_array_elements_text(current_setting('erasure.customer_ids')::jsonb)
    )
) to stdout (format binary)
"""
INDEXES = """
select indisunique, substr(definition, position(' USING ' in definition))
from pg_index, pg_get_indexdef(indexrelid) as definition
where indrelid = to_regclass(%s)
order by indexrelid
"""
PARENTS_WITH_STATISTICS = """
select tables.relname
from pg_class as tables
inner join pg_stats on schemaname = 'serving_data' and tablename = tables.relname
where
    tables.relnamespace = to_regnamespace('serving_data')
    and tables.relkind = 'p'
    and attname = 'customer_id'
"""

# Statement: what it removes. The publisher may lack the privilege, which only the operator grants.
OPERATOR_STATEMENTS = {
    "vacuum full pg_catalog.pg_statistic": "sample values of tables that are gone",
    "checkpoint": "files of tables that are gone",
    "select pg_switch_wal()": "the log of changes that is being written",
}


@dataclass(frozen=True)
class Partition:
    """Table of serving_data that holds rows of given customers.

    `parent` and `bound` are None for a table that is attached to no partitioned table.
    `rows_by_run` has the number of the customers' rows by run_number.
    """

    name: str
    parent: str | None
    is_detaching: bool
    bound: str | None
    rows_by_run: dict[int, int]

    @property
    def rows(self) -> int:
        """Number of the customers' rows in all runs."""
        return sum(self.rows_by_run.values())


def find(dsn: str, customer_ids: Sequence[str]) -> list[Partition]:
    """The tables that hold at least one row of the customers, by name.

    Raises ServingError where the server cannot be reached.
    """
    with _as_serving_error(dsn), connect(dsn) as connection:
        return list(_find(connection, customer_ids))


def remove(dsn: str, customer_ids: Sequence[str]) -> list[str]:
    """Replace each table that holds one of the customers by a copy without them.

    Consumers read on meanwhile, and a second call finds nothing to do.

    Returns
    -------
    list of str
        SQL statements that this user may not run and the operator is to run, each with its reason
        as a comment.

    Raises
    ------
    ServingError
        Where the server cannot be reached, a publish holds its lock, readers never pause, or a
        table still holds one of the customers at the end.

    """
    with (
        _as_serving_error(dsn),
        connect(dsn) as connection,
        exclusive_lock(dsn),
        connect(dsn) as source,
    ):
        source.execute(SET_CUSTOMER_IDS, [json.dumps(list(customer_ids))])
        for partition in list(_find(connection, customer_ids)):
            _replace(connection, source, partition)
        source.close()
        for (parent,) in connection.execute(PARENTS_WITH_STATISTICS).fetchall():
            connection.execute(sql.SQL("analyze {}").format(_table(parent)))
        left = [each.name for each in _find(connection, customer_ids)]
        if left:
            raise ServingError(
                f"serving_data.{', '.join(left)} still hold the person: a publish has run at the "
                "same time. Run the same command again."
            )
        return _run_operator_statements(connection)


def _find(connection: Connection, customer_ids: Sequence[str]) -> Iterator[Partition]:
    for name, parent, is_detaching, bound in connection.execute(TABLES).fetchall():
        found = connection.execute(
            sql.SQL(COUNT).format(_table(name)), [" \t\r\n", list(customer_ids)]
        ).fetchall()
        if found:
            yield Partition(name, parent, is_detaching, bound, dict(found))


def _replace(connection: Connection, source: Connection, partition: Partition) -> None:
    old, new = _table(partition.name), _table(f"{partition.name}_erasing")
    if partition.parent is None or partition.is_detaching:
        # Left over from a publish: no reader sees it, and the next publish would drop it.
        if partition.parent is not None:
            connection.execute(
                sql.SQL("alter table {} detach partition {} finalize").format(
                    _table(partition.parent), old
                )
            )
        retry_locked(connection, lambda: connection.execute(sql.SQL("drop table {}").format(old)))
        return
    connection.execute(sql.SQL("drop table if exists {}").format(new))
    with connection.transaction():
        _copy(connection, source, partition, old, new)
    parent = _table(partition.parent)
    bound = sql.SQL(str(partition.bound))

    def exchange() -> None:
        connection.execute(sql.SQL("alter table {} detach partition {}").format(parent, old))
        connection.execute(
            sql.SQL("alter table {} attach partition {} {}").format(parent, new, bound)
        )
        connection.execute(sql.SQL("drop table {}").format(old))
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(new, sql.Identifier(partition.name))
        )
        for number, rows in partition.rows_by_run.items():
            connection.execute(
                "update serving_data.runs set row_count = row_count - %s where run_number = %s",
                [rows, number],
            )

    retry_locked(connection, exchange)


def _copy(
    connection: Connection,
    source: Connection,
    partition: Partition,
    old: sql.Identifier,
    new: sql.Identifier,
) -> None:
    connection.execute(
        sql.SQL("create table {} (like {} including all excluding indexes)").format(new, old)
    )
    copy_name = f"{partition.name}_erasing"
    if partition.name.startswith("run_"):
        (number,) = partition.rows_by_run
        say_it_is_one_run(connection, copy_name, number)
    keep_no_statistics(connection, copy_name)
    indexes = connection.execute(INDEXES, [f"serving_data.{partition.name}"]).fetchall()
    for is_unique, method in indexes:
        connection.execute(
            sql.SQL("create {} index on {} {}").format(
                sql.SQL("unique" if is_unique else ""), new, sql.SQL(method)
            )
        )
    # Frozen: visible to readers whose transaction began before this one, too.
    statement = sql.SQL("copy {} from stdin (format binary, freeze)").format(new)
    with (
        source.cursor().copy(sql.SQL(OTHER_ROWS).format(old)) as out,
        connection.cursor().copy(statement) as target,
    ):
        for block in out:
            target.write(block)


def _run_operator_statements(connection: Connection) -> list[str]:
    """Run the statements that need an operator; returns those that were refused."""
    refused = [
        f"{statement};  -- {reason}"
        for statement, reason in OPERATOR_STATEMENTS.items()
        if not _is_allowed(connection, statement)
    ]
    _is_allowed(connection, "checkpoint")  # releases the segment that was just closed
    return refused


def _is_allowed(connection: Connection, statement: str) -> bool:
    """Whether the statement ran. A refused VACUUM raises nothing and only warns."""
    warnings: list[str] = []

    def collect(notice: psycopg.errors.Diagnostic) -> None:
        warnings.append(str(notice.message_primary))

    connection.add_notice_handler(collect)
    try:
        connection.execute(statement.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable):
        return False
    finally:
        connection.remove_notice_handler(collect)
    return not warnings


def _table(name: str) -> sql.Identifier:
    return sql.Identifier("serving_data", name)


@contextmanager
def _as_serving_error(dsn: str) -> Iterator[None]:
    """Convert psycopg's errors to ServingError, without the password of `dsn`."""
    try:
        yield
    except psycopg.Error as error:
        raise ServingError(
            "the serving database (SERVING_DSN) cannot be erased from: "
            f"{masked(error, dsn)}. Run the same command again when it can be reached."
        ) from error
