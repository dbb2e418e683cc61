"""Check of the raw files before a build: every problem at once, and what the data allow."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from python_scoring.cli.main import commands
from python_scoring.errors import InputError
from python_scoring.onboarding.data_check import DataCheck, check_data, to_text
from python_scoring.training.completeness import complete_until
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.project import NOW, Project

START = datetime(2024, 1, 1, 10)
DAYS = 500
Frames = dict[str, pd.DataFrame]


def frames() -> Frames:
    """A small shop: ten customers, two orders a day, no events. Loaded when it happened."""
    days = [START + timedelta(days=day) for day in range(DAYS)]
    customers = pd.DataFrame(
        {"customer_id": [f"C{number}" for number in range(10)], "signed_up_at": START}
    ).assign(country="UK", loaded_at=START)
    orders = pd.DataFrame(
        {
            "order_id": [f"O{day}-{part}" for day in range(DAYS) for part in (0, 1)],
            "customer_id": [f"C{(day + part) % 10}" for day in range(DAYS) for part in (0, 1)],
            "ordered_at": [day for day in days for _ in (0, 1)],
            "amount": 12.5,
            "quantity": 2,
            "product_count": 1,
        }
    )
    events = pd.DataFrame(
        columns=["event_id", "customer_id", "event_type", "occurred_at", "loaded_at"]
    ).astype({"occurred_at": "datetime64[us]", "loaded_at": "datetime64[us]"})
    return {
        "customers": customers,
        "orders": orders.assign(loaded_at=orders["ordered_at"]),
        "events": events,
    }


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DataCheck]:
    """Write the frames as Parquet and check them; without a warehouse."""
    monkeypatch.setenv("PREDICTION_NOW", "2026-11-23")
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "no_warehouse"))
    monkeypatch.setenv("RAW_DATA", str(tmp_path / "raw"))
    monkeypatch.delenv("RAW_LOADED_AT", raising=False)
    (tmp_path / "raw").mkdir()

    def write_and_check(**changed: pd.DataFrame | None) -> DataCheck:
        for name, frame in {**frames(), **changed}.items():
            if frame is not None:
                frame.to_parquet(tmp_path / "raw" / f"{name}.parquet")
        return check_data(tmp_path / "raw")

    return write_and_check


def table(found: DataCheck, name: str) -> Any:
    return next(each for each in found.tables if each.table == name)


def test_sound_data_say_what_they_allow(check: Callable[..., DataCheck], tmp_path: Path) -> None:
    """Counts, date ranges and as-ofs, with the embargo of `train`; nothing is written."""
    found = check()
    assert found.problems == []
    assert (table(found, "orders").row_count, table(found, "events").row_count) == (1_000, 0)
    last = START + timedelta(days=DAYS - 1)
    assert (table(found, "orders").first, table(found, "orders").last) == (START, last)
    churn = next(each for each in found.products if each.product == "churn")
    assert churn.problem is None
    assert churn.windows
    assert churn.choice
    assert churn.windows.scored == datetime(2025, 5, 14)
    assert churn.windows.learned == churn.choice.evaluate_on == datetime(2025, 2, 13)
    assert churn.choice.is_judged
    assert churn.choice.as_ofs[-1] == datetime(2024, 11, 15)
    assert churn.choice.as_ofs[0] >= churn.windows.first == datetime(2024, 3, 2)
    assert "evaluate on 2025-02-13" in to_text(found)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "customers.parquet", "events.parquet", "orders.parquet", "raw",
    ]  # fmt: skip


def test_all_problems_of_all_tables_are_named_at_once(check: Callable[..., DataCheck]) -> None:
    sound = frames()
    found = check(
        customers=sound["customers"].drop(columns="country"),
        orders=sound["orders"].assign(amount=True, quantity=START),
        events=None,
    )
    said = "\n".join(found.problems)
    assert len(found.problems) == 4
    assert "table customers: column country (text) is missing" in said
    assert "table orders: column amount has type BOOLEAN, expected decimal" in said
    assert "table orders: column quantity has type TIMESTAMP" in said
    assert "table events is missing: expected " in said
    assert all(each.problem for each in found.products)


def test_a_broken_customer_table_makes_no_order_unknown(check: Callable[..., DataCheck]) -> None:
    """Its own problem is named, and no consequence of it."""
    found = check(customers=frames()["customers"].drop(columns="country"))
    assert [problem.partition(":")[0] for problem in found.problems] == ["table customers"]
    assert table(found, "orders").rejected == {}


def test_rejections_are_counted_by_reason(check: Callable[..., DataCheck]) -> None:
    orders = frames()["orders"]
    orders.loc[:49, "customer_id"] = None
    orders.loc[50:59, "customer_id"] = "somebody else"
    orders.loc[60:64, "loaded_at"] = START - timedelta(days=1)
    found = check(orders=orders)
    assert table(found, "orders").rejected == {
        "customer_id is null or blank": 50,
        "customer is unknown": 10,
        "ordered_at lies after loaded_at": 5,
    }
    assert found.problems == []
    assert "       50 (5.0%) customer_id is null or blank" in to_text(found)


def test_a_broken_source_is_named_with_its_share(check: Callable[..., DataCheck]) -> None:
    orders = frames()["orders"]
    orders.loc[:299, "customer_id"] = None
    [problem] = check(orders=orders).problems
    assert "table orders: 300 of 1,000 rows are rejected (30%); expected at most 25%" in problem


def test_a_short_history_says_until_when_it_must_reach(check: Callable[..., DataCheck]) -> None:
    found = check(orders=frames()["orders"].head(300))
    churn = next(each for each in found.products if each.product == "churn")
    assert churn.choice is None
    assert "needs complete label windows of 90 days up to the as-of 2024-05-31" in str(
        churn.problem
    )
    assert found.problems == []  # a build does not stop


def test_without_load_times_the_variable_is_named(
    check: Callable[..., DataCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = frames()["orders"].drop(columns="loaded_at")
    assert "export RAW_LOADED_AT=event-time" in to_text(check(orders=orders))
    monkeypatch.setenv("RAW_LOADED_AT", "event-time")
    found = check(orders=orders)
    assert "RAW_LOADED_AT" not in to_text(found)
    assert next(each for each in found.products if each.product == "churn").choice


def test_the_command_exits_with_1_where_a_build_would_stop(
    check: Callable[..., DataCheck],
) -> None:
    check()
    result = CliRunner().invoke(commands, ["check-data", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["stops_a_build"] is False
    check(customers=frames()["customers"].drop(columns="country"))
    result = CliRunner().invoke(commands, ["check-data", "--json"])
    assert isinstance(result.exception, InputError)
    assert "1 problem in " in str(result.exception)
    assert json.loads(result.output)["stops_a_build"] is True


def test_it_judges_as_the_build_did(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, rejections and the end of the complete data are those of a build on the same files."""
    monkeypatch.setenv("PREDICTION_NOW", NOW)
    monkeypatch.setenv("WAREHOUSE", str(built.warehouse))
    found = check_data(built.raw_data)
    assert found.problems == []
    counted = {each.table: each.row_count for each in found.tables}
    landed = "select source, sum(row_count) from lake.operations.landed_files group by source"
    assert counted == dict(built.query(landed))
    with duckdb.connect(str(built.warehouse / "warehouse.duckdb"), read_only=True) as warehouse:
        rejected = warehouse.execute(
            "select source, reason, count(*) from staging.rejected_records group by all"
        ).fetchall()
    assert rejected
    assert sorted(rejected) == sorted(
        (each.table, reason, rows)
        for each in found.tables
        for reason, rows in each.rejected.items()
    )
    with connect_lake(Warehouse(built.warehouse)) as lake:
        complete = complete_until(lake)
    churn = next(each for each in found.products if each.product == "churn")
    assert churn.windows
    assert churn.windows.scored == min(complete.values()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
