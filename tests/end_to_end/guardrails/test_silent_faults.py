"""Faults that change no distribution much: rows lost of some customers, amounts of another unit.

Each is in the raw data from the beginning, so that nothing but the training can tell.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from tests.support.fixtures import Once
from tests.support.project import CHURN_RUN, Project

CUSTOMERS, UNTIL = 3000, datetime(2026, 11, 23)
CHANCE = "hash(customer_id) % 100"

pytestmark = pytest.mark.slow

FAULTS = {
    "none": ("orders", "true", "*", set()),
    "events lost for 40% of the customers": (
        "events",
        f"{CHANCE} >= 40",
        "*",
        {"feature_zeros"},
    ),
    "amounts a hundred times for 20% of the customers": (
        "orders",
        "true",
        f"* replace (case when {CHANCE} < 20 then amount * 100 else amount end as amount)",
        {"feature_extremes"},
    ),
    "90 days of orders missing for 15% of the customers": (
        "orders",
        f"not ({CHANCE} < 15 and ordered_at >= timestamp '{UNTIL}' - interval 90 days)",
        "*",
        {"feature_zeros"},
    ),
}


@pytest.fixture(scope="module")
def raw(once: Once) -> Path:
    """Demo data of more customers than chance explains a fault for."""

    def make(folder: Path) -> None:
        generate(CUSTOMERS, UNTIL, folder / "raw", progress=False)

    return once("silent_faults", make) / "raw"


def with_fault(raw: Path, target: Path, table: str, condition: str, columns: str) -> Path:
    target.mkdir()
    with duckdb.connect() as connection:
        for name in ("customers", "orders", "events"):
            query = f"from read_parquet('{raw / name}*/*.parquet')"
            if not (raw / name).is_dir():
                query = f"from read_parquet('{raw / name}.parquet')"
            if name == table:
                query = f"select {columns} {query} where {condition}"
            connection.execute(f"copy ({query}) to '{target / name}.parquet'")
    return target


@pytest.mark.parametrize("name", FAULTS)
def test_a_silent_fault_is_found(
    raw: Path, tmp_path: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    """By the check made for it; sound data of the same customers raise none of these."""
    table, condition, columns, expected = FAULTS[name]
    data = with_fault(raw, tmp_path / "raw", table, condition, columns)
    project = Project(PROJECT, data, tmp_path / "warehouse", tmp_path / "target")
    project.build(*CHURN_RUN, env={"PREDICTION_AS_OF": "2026-11-22"}, check=False)
    failed = {
        check
        for (check,) in project.query(
            "select distinct check_name from lake.operations.output_checks where outcome = 'failed'"
        )
    }
    record_property("failed", sorted(failed))
    # Every day of the year before was landed.
    assert project.query(
        "select distinct outcome from lake.operations.output_checks "
        "where check_name = 'feed_gaps' and scope = 'orders'"
    ) == [("passed",)]
    assert failed >= expected
    assert failed if expected else not failed
