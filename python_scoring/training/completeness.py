"""End of the complete data, per raw table, and the as-ofs that it allows."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import duckdb

from python_scoring.clock import clock
from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.project.sql_models import model_query

QUERY = "operations/recording/landing/complete_tables.sql"

# Tables with loads every day. Customers are not among them: a customer is loaded once, and a shop
# may land them all on one day.
COUNTED_TABLES = ("orders", "events")


def complete_until(lake: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """Return the last dense load (UTC) of each table that has rows, by table.

    The model `complete_tables` says what is dense; builds measure outcomes by it, too. `lake` is a
    connection with the lake attached. Raises TrainingError where no order was ever landed.
    """
    now = f"cast('{clock().isoformat(sep=' ')}' as timestamp)"
    rows = lake.execute(model_query(QUERY, now)).fetchall()
    found = {table: until for table, until in rows if table in COUNTED_TABLES}
    if "orders" not in found:
        raise TrainingError("RAW_DATA holds no usable order: there is nothing to learn from")
    return found


def availability_lag(contract: ScoringContract) -> timedelta:
    """Return the time between an as-of and its data cutoff."""
    return timedelta(hours=contract.schedule.availability_lag_hours)


def latest_as_of(
    complete: Mapping[str, datetime], contract: ScoringContract, *, with_outcomes: bool
) -> datetime:
    """Return the last as-of whose features, and with `with_outcomes` label window, are complete.

    `complete` is as `complete_until` returns it.
    """
    lag = availability_lag(contract)
    needed = _needed(complete, contract, with_outcomes=with_outcomes)
    return min(complete[table] - days - lag for table, days in needed.items())


def missing(
    complete: Mapping[str, datetime],
    contract: ScoringContract,
    as_of: datetime,
    *,
    with_outcomes: bool,
) -> str | None:
    """Return a sentence on what the data lack for an as-of; None if they are complete."""
    lag = availability_lag(contract)
    # Advice that holds for every table: the first refusal is the last.
    latest = latest_as_of(complete, contract, with_outcomes=with_outcomes)
    for table, days in _needed(complete, contract, with_outcomes=with_outcomes).items():
        end, complete_at = complete[table], as_of + days + lag
        if complete_at > end:
            what = f"label window of {days.days} days is" if days else "features are"
            return (
                f"its {what} complete at {complete_at}, but the data end at {end} in {table} "
                "(the last day with about as many loads as usual). "
                f"Choose {latest:%Y-%m-%d} or earlier."
            )
    return None


def refuse_future(
    as_ofs: Iterable[datetime],
    contract: ScoringContract,
    *,
    with_outcomes: bool,
    option: str = "--as-of",
) -> None:
    """Raise TrainingError for an as-of whose data cannot exist yet, before anything is built."""
    days = timedelta(days=contract.horizon_days if with_outcomes else 0)
    for as_of in as_ofs:
        complete_at = as_of + days + availability_lag(contract)
        if complete_at > clock():
            what = f"label window of {days.days} days is" if days else "features are"
            raise TrainingError(
                f"{option} {as_of}: its {what} complete at {complete_at}, and now it is "
                f"{clock():%Y-%m-%d %H:%M}. Choose {clock() - (complete_at - as_of):%Y-%m-%d} or "
                "earlier."
            )


def _needed(
    complete: Mapping[str, datetime], contract: ScoringContract, *, with_outcomes: bool
) -> dict[str, timedelta]:
    """Return the time after an as-of that each table has to cover, without the lag."""
    needed = dict.fromkeys(complete, timedelta())
    if with_outcomes:
        needed["orders"] = timedelta(days=contract.horizon_days)
    return needed
