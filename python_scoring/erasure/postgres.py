"""The serving database: each partition that holds the person is written anew and exchanged.

A deleted row stays in its page, and VACUUM FULL keeps readers out while it works. So the other rows
are copied beside, and readers wait for the exchange alone. What a client cannot reach (logs,
backups, replicas) is named to the operator.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection, connect, masked
from python_scoring.serving.lock_retry import retry_locked
from python_scoring.serving.publishing import alone

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
# As a setting of the session, so that neither the log nor pg_stat_statements gets to see an id.
REMEMBER = "select set_config('erasure.customer_ids', %s, false)"
OTHERS = """
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

# Each with what it is for; the privilege is the operator's to give.
AS_OPERATOR = {
    "vacuum full pg_catalog.pg_statistic": "sample values of tables that are gone",
    "checkpoint": "files of tables that are gone",
    "select pg_switch_wal()": "the log of changes that is being written",
}


@dataclass(frozen=True)
class Partition:
    """A table of the serving database that holds one of the people, by run how many rows."""

    name: str
    parent: str | None
    is_detaching: bool
    bound: str | None
    rows_by_run: dict[int, int]

    @property
    def rows(self) -> int:
        """How many rows of the people it holds."""
        return sum(self.rows_by_run.values())


def find(dsn: str, subjects: DataSubjects) -> list[Partition]:
    """The tables that hold one of the people; raises ServingError where the server is away."""
    with _told(dsn), connect(dsn) as connection:
        return list(_find(connection, subjects))


def erase(dsn: str, subjects: DataSubjects) -> list[str]:
    """Write the tables that hold one of the people anew, beside readers.

    Returns the statements that the operator is to run because this user may not, each with its
    reason. Raises ServingError where the database keeps something.
    """
    with _told(dsn), connect(dsn) as connection, alone(connection), connect(dsn) as source:
        source.execute(REMEMBER, [json.dumps(subjects.customer_ids)])
        for partition in list(_find(connection, subjects)):
            _replace(connection, source, partition)
        source.close()
        for (parent,) in connection.execute(PARENTS_WITH_STATISTICS).fetchall():
            connection.execute(sql.SQL("analyze {}").format(_table(parent)))
        left = [each.name for each in _find(connection, subjects)]
        if left:
            raise ServingError(
                f"serving_data.{', '.join(left)} still hold the person: somebody has published "
                "meanwhile. Run the same command again."
            )
        return _clean_server(connection)


def _find(connection: Connection, subjects: DataSubjects) -> Iterator[Partition]:
    for name, parent, is_detaching, bound in connection.execute(TABLES).fetchall():
        found = connection.execute(
            sql.SQL(COUNT).format(_table(name)), [" \t\r\n", list(subjects.customer_ids)]
        ).fetchall()
        if found:
            yield Partition(name, parent, is_detaching, bound, dict(found))


def _replace(connection: Connection, source: Connection, partition: Partition) -> None:
    old, new = _table(partition.name), _table(f"{partition.name}_erasing")
    if partition.parent is None or partition.is_detaching:
        # Left over from a publish: nobody is served it, and the next publish would drop it.
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
    # Frozen: visible to readers whose transaction began before this one, too.
    statement = sql.SQL("copy {} from stdin (format binary, freeze)").format(new)
    with (
        source.cursor().copy(sql.SQL(OTHERS).format(old)) as out,
        connection.cursor().copy(statement) as into,
    ):
        for block in out:
            into.write(block)
    indexes = connection.execute(INDEXES, [f"serving_data.{partition.name}"]).fetchall()
    for is_unique, method in indexes:
        connection.execute(
            sql.SQL("create {} index on {} {}").format(
                sql.SQL("unique" if is_unique else ""), new, sql.SQL(method)
            )
        )
    connection.execute(sql.SQL("analyze {}").format(new))


def _clean_server(connection: Connection) -> list[str]:
    """What only an operator may do is tried; what is refused is returned as a task."""
    refused = [
        f"{statement};  -- {reason}"
        for statement, reason in AS_OPERATOR.items()
        if not _is_allowed(connection, statement)
    ]
    _is_allowed(connection, "checkpoint")  # lets go of the segment that was just closed
    return refused


def _is_allowed(connection: Connection, statement: str) -> bool:
    """Whether it was done; VACUUM only warns that it was not."""
    warnings: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        warnings.append(str(notice.message_primary))

    connection.add_notice_handler(hear)
    try:
        connection.execute(statement.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable):
        return False
    finally:
        connection.remove_notice_handler(hear)
    return not warnings


def _table(name: str) -> sql.Identifier:
    return sql.Identifier("serving_data", name)


@contextmanager
def _told(dsn: str) -> Iterator[None]:
    """Errors of the server as errors of this library, without the password."""
    try:
        yield
    except psycopg.Error as error:
        raise ServingError(
            "the serving database (SERVING_DSN) cannot be erased from: "
            f"{masked(error, dsn)}. Run the same command again when it can be reached."
        ) from error
