"""Publishing: `publish` brings the serving database to the state of the lake.

It compares before it writes: a second call does nothing, and a call after a crash completes the
publish. Loaded runs are activated product by product, in one transaction each.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import psycopg

from python_scoring.errors import PredictionError
from python_scoring.serving.access import MartColumns, Problem, revoke, sync_access
from python_scoring.serving.activation import activate, wait_for_planned_readers
from python_scoring.serving.connection import Connection, connect, masked
from python_scoring.serving.exclusive_lock import exclusive_lock
from python_scoring.serving.grants import sync_grants
from python_scoring.serving.lake_state import (
    Product,
    Run,
    product_names,
    read_entitlements,
    read_product,
    rows,
    served_relations,
)
from python_scoring.serving.loading import adopt_runs, load_current, load_history
from python_scoring.serving.lookup_function import prepare_lookup_function
from python_scoring.serving.partition_cleanup import clean_up, retire
from python_scoring.serving.schema import create_schema
from python_scoring.serving.tables import Table, prepare_table
from python_scoring.serving.views import prepare_view
from python_scoring.serving.warehouse_identity import record_own, require_own

LOADED = """
select run_id from serving_data.runs
where relation = %s and column_names = %s
"""
ATTACHED = (
    LOADED
    + """and exists (
    select from pg_inherits
    where inhrelid = to_regclass('serving_data.run_' || run_number) and not inhdetachpending
)
"""
)


@dataclass(frozen=True)
class Outcome:
    """Outcome of publishing one product: rows loaded, seconds taken, and the error if it failed."""

    product: str
    as_of: datetime | None
    rows: int
    seconds: float
    error: str | None = None


def publish(lake: duckdb.DuckDBPyConnection, dsn: str) -> list[Outcome]:
    """Bring the database at `dsn` to the state of the lake; returns an outcome per product.

    `lake` is a connection or cursor in which the lake is attached as `lake`. Where a product fails,
    the database keeps its previous state unchanged, and the next call tries again. Errors are in
    the outcomes, without the password of `dsn`. Raises ServingError where nothing was built.
    """
    products = product_names(lake)
    outcomes: list[Outcome] = []
    try:
        with connect(dsn) as connection:
            require_own(connection, lake)
            revoke(connection, read_entitlements(lake))
            with exclusive_lock(dsn):
                create_schema(connection)
                record_own(connection, lake)
                problems = _sync_access(connection, lake)
                # Views that withhold a column from now on come before anything is loaded.
                for each in products:
                    with suppress(Exception):  # raised again, and reported, in the next step
                        _prepare_product(connection, read_product(lake, each))
                outcomes.extend(_outcome(connection, lake, each, dsn) for each in products)
                _finish(connection, lake, products)
                outcomes = [_with_problems(each, problems) for each in outcomes]
    except Exception as error:  # noqa: BLE001 - any error is reported in the outcomes
        text = _text(error, dsn)
        reported = {each.product for each in outcomes}
        outcomes = [each if each.error else replace(each, error=text) for each in outcomes]
        outcomes += [Outcome(each, None, 0, 0.0, text) for each in products if each not in reported]
    return outcomes


def _outcome(
    connection: Connection, lake: duckdb.DuckDBPyConnection, product: str, dsn: str
) -> Outcome:
    started = time.monotonic()
    as_of, row_count, text = None, 0, None
    try:
        with _snapshot(lake):
            found = read_product(lake, product)
            as_of = found.state.as_of
            row_count = _publish_product(connection, lake, found)
    except Exception as error:  # noqa: BLE001 - one product's failure never stops another's
        text = _text(error, dsn)
    return Outcome(product, as_of, row_count, time.monotonic() - started, text)


def _publish_product(
    connection: Connection, lake: duckdb.DuckDBPyConnection, product: Product
) -> int:
    tables = _prepare_product(connection, product)
    for table in tables:
        if table.mart.kind == "current":
            clean_up(connection, table)
    loaded = {table.mart.relation: _load(connection, lake, product, table) for table in tables}
    loaded_tables = [table for table in tables if loaded[table.mart.relation] is not None]
    if loaded_tables:
        wait_for_planned_readers(connection, loaded_tables)
    activate(connection, product, tables)
    for table in tables:
        clean_up(connection, table)
    return sum(each or 0 for each in loaded.values())


def _prepare_product(connection: Connection, product: Product) -> list[Table]:
    """Create or change tables, lookup function and views; each only where something changed."""
    tables = [prepare_table(connection, mart) for mart in product.marts]
    prepare_lookup_function(connection)
    for mart in product.marts:
        prepare_view(connection, mart, product.contract)
    return tables


def _load(
    connection: Connection, lake: duckdb.DuckDBPyConnection, product: Product, table: Table
) -> int | None:
    """Load the runs that the mart lacks; returns the rows, None where it lacked no run."""
    is_current = table.mart.kind == "current"
    if not is_current:
        adopt_runs(connection, lake, table)
    found = connection.execute(
        ATTACHED if is_current else LOADED, [table.mart.relation, table.column_names]
    ).fetchall()
    present = {run_id for (run_id,) in found}
    load = load_current if is_current else load_history
    row_counts = [
        load(connection, lake, table, run)
        for run in (_current_run(product) if is_current else product.runs)
        if run.run_id not in present
    ]
    return sum(row_counts) if row_counts else None


def _current_run(product: Product) -> list[Run]:
    state = product.state
    if state.run_id is None or state.as_of is None:
        return []
    return [Run(state.run_id, state.as_of, is_withdrawn=False, is_superseded=False)]


def _sync_access(connection: Connection, lake: duckdb.DuckDBPyConnection) -> list[Problem]:
    """Update access before the loading, which takes a while: revocations come first."""
    found = rows(lake, "select output, version, columns_json from lake.operations.served_outputs")
    columns: MartColumns = {
        (row["output"], int(row["version"])): {
            each["name"] for each in json.loads(row["columns_json"])
        }
        for row in found
    }
    return sync_access(connection, read_entitlements(lake), columns)


def _finish(connection: Connection, lake: duckdb.DuckDBPyConnection, products: list[str]) -> None:
    relations = served_relations(lake)
    if relations:  # an empty lake does not mean that all marts were retired
        retire(connection, relations)
        prepare_lookup_function(connection)
        connection.execute(
            "delete from serving_data.product_states where not product = any (%s)", [products]
        )
    sync_grants(connection)


def _with_problems(outcome: Outcome, problems: list[Problem]) -> Outcome:
    """The outcome with the problems of the product's consumers and of consumers without product."""
    texts = [
        each.message for each in problems if not each.products or outcome.product in each.products
    ]
    if not texts:
        return outcome
    return replace(outcome, error="; ".join([outcome.error, *texts] if outcome.error else texts))


def _text(error: Exception, dsn: str) -> str:
    text = masked(error, dsn)
    is_plain = isinstance(error, PredictionError | psycopg.Error)
    return text if is_plain else f"{type(error).__name__}: {text}"


@contextmanager
def _snapshot(lake: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Read the lake in one transaction, unless the caller has begun one."""
    try:
        lake.begin()
    except duckdb.TransactionException:
        yield
        return
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            lake.rollback()
