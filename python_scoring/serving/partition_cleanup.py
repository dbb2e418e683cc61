"""Removal of partitions and rows that are no longer served, without making readers wait."""

from functools import partial

from psycopg import sql
from psycopg.errors import LockNotAvailable, ObjectNotInPrerequisiteState, QueryCanceled

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection
from python_scoring.serving.lock_retry import retry_locked
from python_scoring.serving.tables import Table

KEPT_RUNS = 2

PARTITIONS = """
select
    cast(substr(relname, 5) as integer), inhdetachpending
from pg_inherits
inner join pg_class on inhrelid = pg_class.oid
where inhparent = to_regclass(%s) and relname ~ '^run_[0-9]+$'
"""

# A reader whose snapshot is older than the last activation may still be served the previous run.
LATE_READERS = """
select exists (
    select from pg_stat_activity
    inner join serving_data.marts on relation = %s
    where
        datname = current_database()
        and pid <> pg_backend_pid()
        and backend_xmin is not null
        and age(backend_xmin) >= age(marts.xmin)
)
"""
LEFT_OVER = """
select relname from pg_class
left join serving_data.runs on relname = 'run_' || run_number
where
    relnamespace = 'serving_data'::regnamespace
    and relkind = 'r'
    and relname ~ '^run_[0-9]+$'
    and not exists (select from pg_inherits where inhrelid = pg_class.oid)
    and (relation is null or relation = %s)
"""
# A temporary view belongs to its session and must not keep an output from being retired.
DEPENDENTS = """
select string_agg(distinct ev_class::regclass::text, ', ')
from pg_depend
inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
inner join pg_class on pg_rewrite.ev_class = pg_class.oid
where
    refobjid = to_regclass(%s)
    and ev_class <> refobjid
    and relpersistence <> 't'
"""
FORGET_RUNS = """
delete from serving_data.runs
where
    relation = %s
    and to_regclass('serving_data.run_' || run_number) is null
"""


def clean_up(connection: Connection, table: Table) -> None:
    """Remove a mart's obsolete rows; the next publish removes those that a reader still uses.

    Clean up a history only after the activation: before it, an invisible run may be one that a
    killed publish has loaded.
    """
    connection.execute("select set_config('lock_timeout', '1s', false)")
    try:
        if table.mart.kind == "current":
            _clean_up_current(connection, table)
        else:
            _clean_up_history(connection, table)
    except (LockNotAvailable, QueryCanceled, ObjectNotInPrerequisiteState):
        return
    finally:
        connection.execute("select set_config('lock_timeout', '2s', false)")


def _clean_up_current(connection: Connection, table: Table) -> None:
    relation = table.mart.relation
    found = connection.execute(PARTITIONS, [f"serving_data.{relation}"]).fetchall()
    for number, is_pending in found:
        if is_pending:
            _detach(connection, table, number, "finalize")
    numbers = sorted(number for number, is_pending in found if not is_pending)
    served = connection.execute(
        "select current_run from serving_data.marts where relation = %s", [relation]
    ).fetchone()
    kept = {*numbers[-KEPT_RUNS:], served[0] if served else None}
    late = connection.execute(LATE_READERS, [relation]).fetchone()
    if not (late and late[0]):
        for number in numbers:
            if number not in kept:
                _detach(connection, table, number, "concurrently")
    for (name,) in connection.execute(LEFT_OVER, [relation]).fetchall():
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier("serving_data", name)))
    connection.execute(FORGET_RUNS, [relation])


def _detach(connection: Connection, table: Table, number: int, mode: str) -> None:
    connection.execute(
        sql.SQL("alter table {} detach partition {} {}").format(
            table.identifier, sql.Identifier("serving_data", f"run_{number}"), sql.SQL(mode)
        )
    )


def _clean_up_history(connection: Connection, table: Table) -> None:
    """Delete the rows of runs that were loaded again or are gone from the lake."""
    hidden = connection.execute(
        "select run_number, prediction_date from serving_data.runs"
        " where relation = %s and not is_visible",
        [table.mart.relation],
    ).fetchall()
    for number, day in hidden:
        with connection.transaction():
            connection.execute(
                sql.SQL("delete from {} where run_number = %s and prediction_date = %s").format(
                    table.identifier
                ),
                [number, day],
            )
            connection.execute("delete from serving_data.runs where run_number = %s", [number])


def retire(connection: Connection, relations: set[str]) -> None:
    """Remove the mart versions that the lake no longer serves, with their views and rows."""
    found = connection.execute("select relation from serving_data.marts").fetchall()
    for (relation,) in found:
        if relation not in relations:
            retry_locked(connection, partial(_drop, connection, relation))


def drop_view(connection: Connection, relation: str) -> None:
    """Drop a mart's view, and the temporary views that sessions of readers have built on it.

    Raises ServingError where a permanent view depends on it.
    """
    dependents = connection.execute(DEPENDENTS, [f"serving.{relation}"]).fetchone()
    if dependents and dependents[0]:
        raise ServingError(
            f"the view serving.{relation} has to be dropped, and {dependents[0]} depends on it. "
            "Drop that and publish again; create it again where the new view has its columns."
        )
    connection.execute(
        sql.SQL("drop view if exists {} cascade").format(sql.Identifier("serving", relation))
    )


def _drop(connection: Connection, relation: str) -> None:
    drop_view(connection, relation)
    connection.execute(
        sql.SQL("drop table if exists {}").format(sql.Identifier("serving_data", relation))
    )
    connection.execute("delete from serving_data.runs where relation = %s", [relation])
    connection.execute("delete from serving_data.marts where relation = %s", [relation])
