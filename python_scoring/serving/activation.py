"""Activation of a product's loaded runs: in one transaction for all its marts."""

import time

from psycopg.types.json import Jsonb

from python_scoring.serving.connection import Connection
from python_scoring.serving.lake_state import Product
from python_scoring.serving.revocations import enforce_revocations, outdate_snapshots
from python_scoring.serving.tables import Table

# In seconds. A reader needs microseconds from its plan to its snapshot, longer on a busy machine.
PLANNED_READER_TIMEOUT = 1.0

READERS = """
select distinct virtualtransaction from pg_locks
where
    relation = any (%s::oid[])
    and database = (select oid from pg_database where datname = current_database())
    and pid <> pg_backend_pid()
"""

# The latest load of a run counts.
SET_CURRENT = """
update serving_data.marts set current_run = chosen.run_number
from (
    select max(runs.run_number) as run_number
    from serving_data.runs
    inner join pg_inherits
        on inhrelid = to_regclass('serving_data.run_' || runs.run_number) and not inhdetachpending
    where relation = %(relation)s and run_id = %(run_id)s and column_names = %(columns)s
) as chosen
where relation = %(relation)s and current_run is distinct from chosen.run_number
"""
SET_MART = """
update serving_data.marts
set output_schema_version = %(schema_version)s, deprecated_on = %(deprecated_on)s
where
    relation = %(relation)s
    and (output_schema_version, deprecated_on)
        is distinct from (%(schema_version)s::text, %(deprecated_on)s::date)
"""
SET_RUNS = """
with wanted as (
    select * from unnest(%(run_ids)s::text[], %(withdrawn)s::boolean[], %(superseded)s::boolean[])
        as wanted (run_id, is_withdrawn, is_superseded)
),

states as (
    select
        runs.run_number,
        wanted.run_id is not null
        and runs.run_number = max(runs.run_number) over (partition by runs.run_id) as is_visible,
        coalesce(wanted.is_withdrawn, runs.is_withdrawn) as is_withdrawn,
        coalesce(wanted.is_superseded, runs.is_superseded) as is_superseded
    from serving_data.runs
    left join wanted on runs.run_id = wanted.run_id
    where runs.relation = %(relation)s
)

update serving_data.runs
set is_visible = states.is_visible, is_withdrawn = states.is_withdrawn,
    is_superseded = states.is_superseded
from states
where
    runs.run_number = states.run_number
    and (runs.is_visible, runs.is_withdrawn, runs.is_superseded)
        is distinct from (states.is_visible, states.is_withdrawn, states.is_superseded)
"""
WITHDRAWS = """
select exists (
    select from serving_data.runs
    inner join serving_data.marts using (relation)
    where
        runs.product = %s
        and run_id = any (%s)
        and (current_run = run_number or kind = 'history' and is_visible and not is_withdrawn)
)
"""
STATE_COLUMNS = (
    "run_id, as_of, fresh_until, max_age_hours, newer_run_failed, action_policy, default_score,"
    " incident_reason, pending_responses"
)
STATE_VALUES = """
    %(run_id)s::text, %(as_of)s::timestamp, %(fresh_until)s::timestamp, %(max_age_hours)s::numeric,
    %(newer_run_failed)s::boolean, %(action_policy)s::text, %(default_score)s::double precision,
    %(incident_reason)s::text, %(pending_responses)s::jsonb
"""
ADD_STATE = f"""
insert into serving_data.product_states (product, {STATE_COLUMNS})
select %(product)s, {STATE_VALUES}
where not exists (select from serving_data.product_states where product = %(product)s)
"""  # noqa: S608 - constants of this module
SET_STATE = f"""
update serving_data.product_states set ({STATE_COLUMNS}) = ({STATE_VALUES})
where product = %(product)s and ({STATE_COLUMNS}) is distinct from ({STATE_VALUES})
"""  # noqa: S608 - constants of this module


def wait_for_planned_readers(connection: Connection, tables: list[Table]) -> None:
    """Wait briefly for readers that may have planned before a partition was attached.

    A reader plans, then takes its snapshot. With a plan from before the partition and a snapshot
    from after the activation, it would see the new run without its rows.
    """
    relations = [f"serving_data.{each.mart.relation}" for each in tables]
    oids = [
        row[0]
        for row in connection.execute(
            "select to_regclass(name)::oid from unnest(%s::text[]) as name", [relations]
        ).fetchall()
    ]
    readers = set(connection.execute(READERS, [oids]).fetchall())
    until = time.monotonic() + PLANNED_READER_TIMEOUT
    while readers and time.monotonic() < until:
        time.sleep(0.02)
        readers &= set(connection.execute(READERS, [oids]).fetchall())


def activate(connection: Connection, product: Product, tables: list[Table]) -> None:
    """Show readers the product's runs and state of the lake, in one transaction.

    Where that withdraws a run, reads are refused that go on from a snapshot with it.
    """
    withdrawn = [each.run_id for each in product.runs if each.is_withdrawn]
    state = {**vars(product.state), "pending_responses": Jsonb(product.state.pending_responses)}
    with connection.transaction():
        found = connection.execute(WITHDRAWS, [product.state.product, withdrawn]).fetchone()
        if found and found[0]:
            outdate_snapshots(connection)
        for table in tables:
            values = {"relation": table.mart.relation}
            if table.mart.kind == "current":
                connection.execute(
                    SET_CURRENT,
                    {**values, "run_id": product.state.run_id, "columns": table.column_names},
                )
            else:
                connection.execute(
                    SET_RUNS,
                    {
                        **values,
                        "run_ids": [each.run_id for each in product.runs],
                        "withdrawn": [each.is_withdrawn for each in product.runs],
                        "superseded": [each.is_superseded for each in product.runs],
                    },
                )
            connection.execute(
                SET_MART,
                {
                    **values,
                    "schema_version": table.mart.output_schema_version,
                    "deprecated_on": table.mart.deprecated_on,
                },
            )
        connection.execute(ADD_STATE, state)
        connection.execute(SET_STATE, state)
    enforce_revocations(connection)
