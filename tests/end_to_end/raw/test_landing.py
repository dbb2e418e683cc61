"""Landing of raw files: once, by their own names and types, whole or not at all."""

import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from python_scoring.project import PROJECT
from tests.support.project import Project

LANDED = ("--select", "path:models/staging")
RAW = {
    "customers": "select 'A' as customer_id, timestamp '2026-01-01' as signed_up_at,"
    " 'FR' as country, timestamp '2026-01-01 01:00' as loaded_at",
    "events": "select 'E1' as event_id, 'A' as customer_id, 'visit' as event_type,"
    " timestamp '2026-03-01' as occurred_at, timestamp '2026-03-01 01:00' as loaded_at",
}
ORDER = (
    "select '{key}' as order_id, 'A' as customer_id, timestamp '2026-{month:02}-01 10:00' as"
    " ordered_at, {amount} as amount, 2 as quantity, 1 as product_count,"
    " timestamp '2026-{month:02}-01 11:00' as loaded_at"
)


def order(key: str, month: int, amount: str = "10.25::decimal(9, 2)") -> str:
    return ORDER.format(key=key, month=month, amount=amount)


def write(file: Path, *rows: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"copy ({' union all by name '.join(rows)}) to '{file}' (format parquet)")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A shop of one customer and one event; the test writes the orders."""
    for table, row in RAW.items():
        write(tmp_path / "raw" / f"{table}.parquet", row)
    return Project(PROJECT, tmp_path / "raw", tmp_path / "warehouse", tmp_path / "target")


def land(project: Project, at: str = "2026-06-01T06:00:00", **env: str) -> str:
    return project.dbt("run", *LANDED, env={"PREDICTION_NOW": at, **env}).stdout


def refusals(project: Project) -> list[str]:
    """The problems that a build of a shop names."""
    result = project.dbt("run", *LANDED, check=False)
    assert result.returncode != 0
    assert "Nothing was built." in result.stdout
    lines = [line.strip() for line in result.stdout.splitlines()]
    return [line.removeprefix("- ") for line in lines if line.startswith("- table ")]


def orders(project: Project, columns: str = "order_id, amount") -> list[tuple[Any, ...]]:
    return project.query(f"select {columns} from lake.raw.orders order by order_id, loaded_at")


def landings(project: Project, columns: str = "change, row_count") -> list[tuple[Any, ...]]:
    return project.query(
        f"select {columns} from lake.operations.landed_files where source = 'orders' "
        "order by landing, file"
    )


def test_each_file_is_read_by_its_own_types(shop: Project) -> None:
    """Whole numbers first, then cents; dates first, then instants; nulls that have no type."""
    folder = shop.raw_data / "orders.parquet"  # as Spark names it
    write(folder / "1.parquet", order("O1", 3, "12::bigint"))
    write(folder / "2.parquet", order("O2", 4, "10.25::double"))
    write(folder / "3.parquet", order("O3", 5, "'7.5'"))
    dates = order("O4", 2).replace("timestamp '2026-02-01 10:00'", "date '2026-02-01'")
    write(folder / "4.parquet", dates)
    frame = duckdb.sql(order("O5", 5)).df().assign(quantity=None, product_count=None)
    frame.to_parquet(folder / "5.parquet")  # pandas writes such a column as Parquet's Null type
    (folder / "_SUCCESS").touch()
    (folder / ".1.parquet.crc").write_bytes(b"crc")
    pd.DataFrame(columns=["EVENT_ID", "Customer_Id", "event_type", "occurred_at"]).to_parquet(
        shop.raw_data / "events.parquet"
    )
    assert "Landed orders: 5 rows of 5 files, 0 rejected." in land(shop)
    assert orders(shop, "order_id, amount, ordered_at, quantity, landed_file") == [
        ("O1", Decimal("12.00"), datetime(2026, 3, 1, 10), 2, "orders.parquet/1.parquet"),
        ("O2", Decimal("10.25"), datetime(2026, 4, 1, 10), 2, "orders.parquet/2.parquet"),
        ("O3", Decimal("7.50"), datetime(2026, 5, 1, 10), 2, "orders.parquet/3.parquet"),
        ("O4", Decimal("10.25"), datetime(2026, 2, 1), 2, "orders.parquet/4.parquet"),
        ("O5", Decimal("10.25"), datetime(2026, 5, 1, 10), None, "orders.parquet/5.parquet"),
    ]


def test_every_file_that_cannot_be_read_is_named_at_once(shop: Project) -> None:
    """A missing column, names that differ in case alone, no Parquet, no rows: file and remedy."""
    folder = shop.raw_data / "orders"
    write(folder / "1.parquet", order("O1", 3))
    write(folder / "2.parquet", f"select * exclude (amount) from ({order('O2', 4)})")
    frame = duckdb.sql(order("O3", 5)).df()
    frame.assign(Amount=frame["amount"]).to_parquet(folder / "3.parquet")
    (folder / "4.parquet").write_text("order_id,amount\n")
    (folder / "5.parquet").touch()
    (folder / "6.csv").touch()
    (folder / "7.parquet").symlink_to("nowhere")
    header = "order_id,customer_id,ordered_at,amount,quantity,product_count"
    (folder / "8.csv").write_text(f"{header}\nO8,Anna Secret,2026-03-01\n")
    many = " union all ".join(order(f"O{number}", 3) for number in range(9, 200))
    write(folder / "9.parquet", many)
    body = bytearray((folder / "9.parquet").read_bytes())
    body[8:40] = b"\xff" * 32  # within a page: the footer is whole
    (folder / "9.parquet").write_bytes(body)
    found = refusals(shop)
    names = "order_id, customer_id, ordered_at, quantity, product_count, loaded_at"
    assert found[0] == (
        f"table orders: column amount (decimal) is missing in {folder}/2.parquet; found {names}."
    )
    assert found[1] == (
        f"table orders: {folder}/3.parquet has the columns amount and Amount, which differ in case "
        "alone; expected amount once. Drop or rename one of them in the export."
    )
    assert [line.split(" cannot be read")[0] for line in found[2:]] == [
        f"table orders: {folder}/{name}"
        for name in ("4.parquet", "5.parquet", "6.csv", "7.parquet", "8.csv", "9.parquet")
    ]
    ragged = found[-2]
    assert "Line: 2: Expected Number of Columns: 6 Found: 3. Export the file again" in ragged
    assert "Secret" not in ragged  # no customer's data in an incident
    assert shop.query(
        "select distinct cause, contains(message, 'Secret') from lake.operations.source_failures"
    ) == [("source_broken", False)]
    assert shop.query("select count(*) from lake.operations.incidents") == [(0,)]  # commissioning
    assert shop.query("select count(*) from lake.operations.landed_files") == [(0,)]


def test_csv_files_give_the_rows_of_parquet_files(shop: Project, tmp_path: Path) -> None:
    """Also compressed, with another separator, with quotes, and without a load time."""
    write(shop.raw_data / "orders" / "1.parquet", order("O1", 3), order("O2", 4, "-0.1"))
    land(shop)
    twin = Project(PROJECT, tmp_path / "csv", tmp_path / "twin", shop.target)
    for table, row in RAW.items():
        write(twin.raw_data / f"{table}.parquet", row)
    header = "ORDER_ID;customer_id;ordered_at;amount;quantity;product_count"
    lines = ['"O1";A;2026-03-01T10:00:00Z;10.25;2;1', "O2;A;2026-04-01 12:00:00+02:00;-0.10;2.0;1"]
    with gzip.open(twin.raw_data / "orders.csv.gz", "wt") as file:
        file.write("\n".join([header, *lines, ""]))
    land(twin, RAW_LOADED_AT="event-time")
    values = "order_id, customer_id, ordered_at, amount, quantity, product_count"
    assert orders(twin, values) == orders(shop, values)
    assert orders(twin, "ordered_at = loaded_at") == [(True,), (True,)]
    assert landings(twin, "has_loaded_at") == [(False,)]

    with gzip.open(twin.raw_data / "orders.csv.gz", "at") as file:
        file.write("O3;A;2026-05-01;3;1;1\n")
    land(twin, at="2026-06-02T06:00:00")
    assert orders(twin, "order_id, loaded_at")[2:] == [("O3", datetime(2026, 6, 2, 6))]
    assert landings(twin) == [("new", 2), ("grown", 1)]


def test_a_file_is_landed_once_and_its_growth_appended(shop: Project) -> None:
    """New rows are appended, late ones too; bytes alone, or a lost file, change nothing."""
    file = shop.raw_data / "orders.parquet"
    first = [order("O1", 3), order("O1", 3), order("O2", 4), order("X", 4, "null")]
    write(file, *first)
    land(shop)
    assert "NOTHING NEW" in land(shop)
    write(file, *reversed(first))
    land(shop)
    assert landings(shop) == [("new", 4), ("unchanged", 0)]
    write(file, *first, order("O1", 3), order("O4", 2), order("O5", 5))
    land(shop)
    assert orders(shop, "order_id, landed_in") == [
        ("O1", 3), ("O1", 3), ("O1", 5), ("O2", 3), ("O4", 5), ("O5", 5)
    ]  # fmt: skip
    assert landings(shop, "change, row_count, rejected_rows") == [
        ("new", 4, 1), ("unchanged", 0, 0), ("grown", 3, 0)
    ]  # fmt: skip
    file.rename(file.with_name("orders"))  # a folder would be a table as well; a file of no suffix
    (shop.raw_data / "orders").rename(shop.raw_data / "kept.parquet")
    write(shop.raw_data / "orders" / "new.parquet", order("O6", 5))
    assert "orders.parquet was landed and is no longer in RAW_DATA" in land(shop)
    assert landings(shop)[3:] == [("vanished", None), ("new", 1)]
    assert "no longer" not in land(shop)


def test_rows_that_come_late_are_counted(shop: Project) -> None:
    """They claim a load before the cutoff of a snapshot that was built without them."""
    file = shop.raw_data / "orders.parquet"
    write(file, order("O1", 3))
    shop.build("--select", "+feature_snapshots", env={"SNAPSHOT_AS_OF": "2026-05-01"})
    write(file, order("O1", 3), order("O2", 4), order("O3", 5))
    said = land(shop)
    assert "1 of them say they were loaded before the data cutoff of a snapshot" in said
    assert landings(shop, "row_count, late_rows") == [(1, 0), (2, 1)]


def test_a_changed_history_stops_the_build_until_it_is_accepted(shop: Project) -> None:
    """The message names file, day and rows; after `raw accept` the file is landed anew."""
    file = shop.raw_data / "orders.parquet"
    write(file, order("O1", 3), order("O2", 4), order("O3", 4))
    land(shop)
    write(file, order("O1", 3), order("O2", 4, "11"), order("O4", 5))
    [problem] = refusals(shop)
    assert problem == (
        f"table orders: {file} was landed before and its history has changed: of 2 rows loaded on "
        "2026-04-01, 2 are gone or differ. Restore the file; or, if it is right as it is, "
        "accept it with `customer-predictions raw accept --file orders.parquet --by NAME "
        "--reason TEXT`."
    )
    assert [key for (key,) in orders(shop, "order_id")] == ["O1", "O2", "O3"]

    decision = ("--by", "ana", "--reason", "cents were lost")
    unknown = shop.command("raw", "accept", "--file", "order.parquet", *decision, check=False)
    assert unknown.returncode == 1
    assert "order.parquet was never landed" in unknown.stdout
    shop.command("raw", "accept", "--file", "orders.parquet", *decision)
    land(shop)
    assert orders(shop) == [
        ("O1", Decimal("10.25")), ("O2", Decimal("11.00")), ("O4", Decimal("10.25"))
    ]  # fmt: skip
    assert landings(shop) == [("new", 3), ("replaced", 3)]
    assert "NOTHING NEW" in land(shop)


def test_versions_follow_what_is_landed(shop: Project) -> None:
    """All rows of a key that was loaded more than once, and none that was taken back."""

    def versions(*rows: str) -> list[tuple[Any, ...]]:
        write(shop.raw_data / "orders.parquet", *rows)
        shop.dbt("run", "--select", "path:models/staging", "order_versions")
        return shop.query("select order_id, amount from lake.features.order_versions order by all")

    cents, euros = Decimal("10.25"), Decimal("11.00")
    first = [order("O1", 3), order("O1", 4, "11"), order("O2", 3)]
    assert versions(*first) == [("O1", cents), ("O1", euros)]
    assert versions(*first, order("O3", 5), order("O2", 5, "11")) == [
        ("O1", cents), ("O1", euros), ("O2", cents), ("O2", euros)
    ]  # fmt: skip
    more = [order("O3", 5), order("O2", 5, "11"), order("O2", 5, "11")]
    assert versions(*first, *more)[2:] == [("O2", cents), ("O2", euros), ("O2", euros)]

    write(shop.raw_data / "orders.parquet", order("O1", 3), order("O3", 5), order("O3", 5))
    assert refusals(shop)
    decision = ("--by", "ana", "--reason", "O1 was corrected by mistake")
    shop.command("raw", "accept", "--file", "orders.parquet", *decision)
    assert versions(order("O1", 3), order("O3", 5), order("O3", 5)) == [("O3", cents)] * 2


def test_rows_of_unknown_customers_count_once_the_customer_comes(shop: Project) -> None:
    stranger = order("O2", 4).replace("'A'", "'B'")
    write(shop.raw_data / "orders.parquet", order("O1", 3), stranger)
    land(shop)
    assert rejected(shop) == [("orders", "O2", "customer is unknown")]
    customer = RAW["customers"].replace("'A'", "'B'")
    write(shop.raw_data / "customers.parquet", RAW["customers"], customer)
    land(shop)
    assert rejected(shop) == []
    assert [key for (key,) in orders(shop, "order_id")] == ["O1", "O2"]


def rejected(project: Project) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse / "warehouse.duckdb"), read_only=True) as working_set:
        return working_set.execute(
            "select source, key, reason from staging.rejected_records order by all"
        ).fetchall()


@pytest.mark.parametrize("flag", ["--empty", "--sample=1 day"])
def test_dry_runs_that_would_empty_what_is_served_are_refused(built: Project, flag: str) -> None:
    before = built.query("select count(*) from lake.marts.churn_predictions_v1")
    result = built.dbt("build", flag, check=False)
    assert result.returncode != 0
    assert f"{flag.split('=', maxsplit=1)[0]} is refused" in result.stdout
    assert built.query("select count(*) from lake.marts.churn_predictions_v1") == before
