"""Views that consumers read: one per mart version, with its contract in the comments."""

import hashlib
import json

from psycopg import sql

from python_scoring.serving.columns import COMPUTED, COMPUTED_IN_HISTORY, RUN_COLUMNS, Column
from python_scoring.serving.connection import Connection
from python_scoring.serving.grants import sync_grants
from python_scoring.serving.lake_state import Mart
from python_scoring.serving.lock_retry import retry_locked
from python_scoring.serving.partition_cleanup import drop_view

# Checks when a statement is planned, when it begins, and while it goes on; sql/3_authorize.sql says
# what each is for. Subqueries run once per read. The clock decides for each row, at a tenth of the
# cost of reading it, whether the last check is due.
AUTHORIZED = """
    serving.authorize_plan({output}, {version})
    and (select serving.authorize({output}, {version}))
    and case
        when clock_timestamp() < (select clock_timestamp() + interval '10 seconds')
            then predictions.run_number is not null  -- always; it binds the check to the scan
        else serving.authorize_row(
            {output}, {version}, (select serving.authorized_until({output}, {version}))
        )
    end
"""
# A subquery finds the run, so that the plan reads its partition alone.
CURRENT = """
select {columns}
from serving_data.marts as marts
inner join serving_data.runs as runs on marts.current_run = runs.run_number
inner join serving_data.product_states as states on marts.product = states.product
cross join lateral serving.judge(
    states.as_of, states.fresh_until, states.max_age_hours, states.newer_run_failed,
    states.incident_reason, states.pending_responses, statement_timestamp() at time zone 'utc'
) as judged
inner join {table} as predictions
    on predictions.run_number = (
        select served.current_run from serving_data.marts as served
        where served.relation = {relation}
    )
where
    marts.relation = {relation}
    and {authorized}
"""
HISTORY = """
select {columns}
from serving_data.marts as marts
inner join serving_data.runs as runs on marts.relation = runs.relation
inner join {table} as predictions on runs.run_number = predictions.run_number
where
    marts.relation = {relation}
    and runs.relation = {relation}
    and runs.is_visible
    and {authorized}
"""

# Columns of prediction_contracts, and their titles in the comment on a view.
CONTRACT = {
    "meaning": "Meaning",
    "unit": "Unit",
    "valid_minimum": "Smallest score",
    "valid_maximum": "Largest score",
    "horizon_days": "Horizon in days",
    "eligible_population": "Whom it speaks of",
    "intended_use": "Intended use",
    "known_limitations": "Limits",
    "not_to_be_used_for": "Must not be used for",
    "max_age_hours": "Maximum age in hours",
    "action_policy": "While action is blocked",
    "default_score": "Conservative default",
    "sla_owner": "Owner",
}


def prepare_view(connection: Connection, mart: Mart, contract: dict[str, object]) -> None:
    """Create or replace the mart's view and its comments, each only where it has changed.

    `contract` is the product's row of prediction_contracts. Raises ServingError where another view
    depends on it and would have to be dropped.
    """
    statement = _definition(mart, _withheld(connection, mart))
    digest = hashlib.sha256(statement.as_string(connection).encode()).hexdigest()
    names = json.dumps([each.name for each in mart.columns])
    found = connection.execute(
        "select view_digest = %s and columns = %s::jsonb and view_definition is not distinct from"
        " (select pg_get_viewdef(oid) || coalesce(reloptions::text, '') from pg_class"
        " where oid = to_regclass(%s)) from serving_data.marts where relation = %s",
        [digest, names, f"serving.{mart.relation}", mart.relation],
    ).fetchone()
    if not found or not found[0]:
        retry_locked(connection, lambda: _replace(connection, mart, statement, digest, names))
    _comment(connection, mart, contract)


def _replace(
    connection: Connection, mart: Mart, statement: sql.Composed, digest: str, names: str
) -> None:
    view = sql.Identifier("serving", mart.relation)
    if _is_replaceable(connection, mart):
        connection.execute(sql.SQL("create or replace view {} {}").format(view, statement))
    else:
        drop_view(connection, mart.relation)
        connection.execute(sql.SQL("create view {} {}").format(view, statement))
    connection.execute(
        "update serving_data.marts set view_digest = %s, columns = %s, comment_digest = null,"
        " view_definition = (select pg_get_viewdef(oid) || coalesce(reloptions::text, '')"
        " from pg_class where oid = to_regclass(%s)) where relation = %s",
        [digest, names, f"serving.{mart.relation}", mart.relation],
    )
    sync_grants(connection)


def _is_replaceable(connection: Connection, mart: Mart) -> bool:
    """Whether the view keeps its columns in order, with new ones only after them."""
    found = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 order by attnum",
        [f"serving.{mart.relation}"],
    ).fetchall()
    names = [each.name for each in mart.columns]
    return bool(found) and [name for name, _ in found] == names[: len(found)]


def _withheld(connection: Connection, mart: Mart) -> set[str]:
    """The columns that some consumer of the mart may not read."""
    found = connection.execute(
        "select distinct unnest(withheld_columns) from serving_data.entitlements"
        " where output = %s and version = %s",
        [mart.output, mart.version],
    )
    return {name for (name,) in found.fetchall()}


def _definition(mart: Mart, withheld: set[str]) -> sql.Composed:
    columns = sql.SQL(",\n    ").join(
        sql.SQL("{} as {}").format(
            _guarded(mart, each) if each.name in withheld else _source(mart, each),
            sql.Identifier(each.name),
        )
        for each in mart.columns
    )
    authorized = sql.SQL(AUTHORIZED).format(
        output=sql.Literal(mart.output), version=sql.Literal(mart.version)
    )
    query = sql.SQL(CURRENT if mart.kind == "current" else HISTORY).format(
        columns=columns,
        table=sql.Identifier("serving_data", mart.relation),
        relation=sql.Literal(mart.relation),
        authorized=authorized,
    )
    return sql.SQL("with (security_barrier = true) as {}").format(query)


def _guarded(mart: Mart, column: Column) -> sql.Composable:
    """The column behind a check that logs a denial and raises; once per read that names it."""
    return sql.SQL(
        "case when (select serving.authorize_column({}, {}, {})) then {} end"
    ).format(
        sql.Literal(mart.output), sql.Literal(mart.version), sql.Literal(column.name),
        _source(mart, column),
    )  # fmt: skip


def _source(mart: Mart, column: Column) -> sql.Composable:
    computed = COMPUTED if mart.kind == "current" else COMPUTED_IN_HISTORY
    if column.name in computed:
        return _cast(computed[column.name], column)
    if mart.kind == "history" and column.name == "prediction_date":
        return sql.SQL("predictions.prediction_date")  # the key of the partitions
    if column.name in RUN_COLUMNS:
        return _cast(f"runs.{column.name}", column)
    return sql.Identifier("predictions", column.name)


def _cast(expression: str, column: Column) -> sql.Composable:
    return sql.SQL("cast({} as {})").format(sql.SQL(expression), sql.SQL(column.postgres_type))


def _comment(connection: Connection, mart: Mart, contract: dict[str, object]) -> None:
    lines = [mart.description.strip()]
    lines += [
        f"{title}: {str(contract[name]).strip()}"
        for name, title in CONTRACT.items()
        if contract.get(name) is not None
    ]
    comments: list[tuple[sql.Composable, str]] = [
        (sql.SQL("view {}").format(sql.Identifier("serving", mart.relation)), "\n".join(lines))
    ]
    comments += [
        (
            sql.SQL("column {}").format(sql.Identifier("serving", mart.relation, each.name)),
            each.description.strip(),
        )
        for each in mart.columns
    ]
    texts = json.dumps([text for _, text in comments])
    digest = hashlib.sha256(texts.encode()).hexdigest()
    with connection.transaction():
        changed = connection.execute(
            "update serving_data.marts set comment_digest = %s"
            " where relation = %s and comment_digest is distinct from %s",
            [digest, mart.relation, digest],
        ).rowcount
        if changed:
            for subject, text in comments:
                connection.execute(
                    sql.SQL("comment on {} is {}").format(subject, sql.Literal(text or None))
                )
