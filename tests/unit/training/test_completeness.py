"""One wrong load time makes no label window complete."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from python_scoring.errors import TrainingError
from python_scoring.training.completeness import complete_until
from python_scoring.training.data import Prepared

START = datetime(2026, 1, 1, 6)


def lake(**loads: list[datetime]) -> duckdb.DuckDBPyConnection:
    """The record of landed tables with the given load times; the others are empty."""
    connection = duckdb.connect()
    connection.execute(
        """
        attach ':memory:' as lake;
        create schema lake.operations;
        create table lake.operations.landed_days (
            source text, load_day date, row_count bigint, first_loaded_at timestamp,
            last_loaded_at timestamp
        );
        create table loads (source text, loaded_at timestamp)
        """
    )
    rows = [[table, time] for table, times in loads.items() for time in times]
    if rows:
        connection.executemany("insert into loads values (?, ?)", rows)
    connection.execute(
        """
        insert into lake.operations.landed_days
        select source, cast(loaded_at as date), count(*), min(loaded_at), max(loaded_at)
        from loads group by all
        """
    )
    return connection


def daily(days: int, a_day: int = 40) -> list[datetime]:
    """So many loads on each day from the start."""
    return [
        START + timedelta(days=day, minutes=number)
        for day in range(days)
        for number in range(a_day)
    ]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREDICTION_NOW", "2026-12-01")


def test_one_row_from_the_future_does_not_count() -> None:
    """The last dense day does, to its newest load."""
    loads = [*daily(60), datetime(2026, 9, 1)]
    assert complete_until(lake(orders=loads)) == {"orders": START + timedelta(days=59, minutes=39)}


def test_the_clock_caps_what_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows claim a later load."""
    monkeypatch.setenv("PREDICTION_NOW", "2026-02-01")
    found = complete_until(lake(orders=daily(60)))["orders"]
    assert found <= datetime(2026, 2, 1)


def test_each_table_has_its_own_end() -> None:
    """Events that stopped make features incomplete, not outcomes."""
    found = complete_until(lake(orders=daily(60), events=daily(30)))
    assert found["events"] < found["orders"]


def test_weekends_and_small_shops_are_dense() -> None:
    """Two orders a day, none at weekends: the last day is complete."""
    loads = [time for time in daily(61, 2) if time.weekday() < 5]
    assert complete_until(lake(orders=loads))["orders"] == max(loads)


def test_a_history_landed_at_once_and_days_after_it() -> None:
    """The usual number is not that of the first landing."""
    loads = [START] * 5_000 + daily(20)
    assert complete_until(lake(orders=loads))["orders"] == max(loads)


def test_without_orders_there_is_nothing_to_learn() -> None:
    """The message says so."""
    with pytest.raises(TrainingError, match="no usable order"):
        complete_until(lake())


def test_advice_on_an_incomplete_as_of_can_be_followed() -> None:
    """Features end first in one table, outcomes in another: the date named suits both."""
    contract = SimpleNamespace(horizon_days=90, schedule=SimpleNamespace(availability_lag_hours=6))
    until = {"events": datetime(2026, 11, 29, 23), "orders": datetime(2026, 11, 29, 22)}
    data = Prepared(pd.DataFrame(), contract, {}, "2.1.0", until)  # type: ignore[arg-type]
    said = data.missing(datetime(2027, 1, 1), with_outcomes=True) or ""
    assert "its features are complete at 2027-01-01 06:00:00" in said
    assert "Choose 2026-08-31 or earlier." in said
    assert data.missing(datetime(2026, 8, 31), with_outcomes=True) is None
