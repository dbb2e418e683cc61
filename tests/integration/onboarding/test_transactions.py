"""Raw tables from one wide transaction table: the mapping, the tables, and refusals in words."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlfluff
from click.testing import CliRunner

from python_scoring.cli.main import commands
from python_scoring.errors import InputError
from python_scoring.onboarding.export_sql import DIALECTS, queries
from python_scoring.onboarding.mapping import ColumnMapping
from python_scoring.onboarding.transactions import Imported, Source, Wishes, import_transactions
from python_scoring.raw.declared import landing_tables

HEADER = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINES = (
    "536365,A,6,12/1/2010 8:26,2.55,17850,United Kingdom",
    "536365,B,2,12/1/2010 8:27,7.65,17850,United Kingdom",
    "C536379,A,-1,12/13/2010 9:41,2.55,17850,France",
    "536400,C,1,12/14/2010 10:00,0.333,,France",
)
Import = Callable[..., Imported]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Write lines as CSV and import them into `tmp_path / "raw"`."""

    def write_and_import(
        *lines: str,
        header: str = HEADER,
        replace: bool = False,
        mapping: Path | None = None,
        columns: dict[str, str] | None = None,
        formats: dict[str, str] | None = None,
        timezone: str = "UTC",
    ) -> Imported:
        file = tmp_path / "shop.csv"
        file.write_text("\n".join([header, *(lines or LINES), ""]), encoding="utf-8")
        wishes = Wishes(columns or {}, formats or {}, timezone, "", mapping)
        return import_transactions(Source(file), tmp_path / "raw", wishes, replace=replace)

    return write_and_import


def rows(folder: Path, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"select * from read_parquet('{folder}/raw/{table}.parquet')"
        ).fetchall()


def test_lines_become_orders_and_customers(imported: Import, tmp_path: Path) -> None:
    """The first line's time is the order's; a return is negative; a move is a second version."""
    found = imported()
    first, back, later = (
        datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 13, 9, 41), datetime(2010, 12, 14, 10)
    )  # fmt: skip
    assert [(*row[:3], float(row[3]), *row[4:]) for row in rows(tmp_path, "orders")] == [
        ("536365", "17850", first, 30.6, 8, 2, first),
        ("C536379", "17850", back, -2.55, -1, 1, back),
        ("536400", None, later, 0.33, 1, 1, later),
    ]
    assert rows(tmp_path, "customers") == [
        ("17850", first, "United Kingdom", first),
        ("17850", first, "France", back),
    ]
    assert rows(tmp_path, "events") == []
    said = "\n".join(found.assumptions)
    assert "the amount of a line is Quantity x UnitPrice" in said
    assert "1 orders are returns" in said
    assert "1 orders have no customer; the landing will reject them" in said


def test_a_mapping_is_read_again_as_it_was_written(imported: Import, tmp_path: Path) -> None:
    """A person's change of the file counts."""
    file = imported().mapping_file
    mapping = ColumnMapping.read(file)
    assert mapping.columns["order_id"] == "InvoiceNo"
    assert mapping.formats["ordered_at"] == "%m/%d/%Y %H:%M"
    file.write_text(file.read_text().replace("timezone: UTC", "timezone: America/New_York"))
    imported(mapping=file, replace=True)
    assert rows(tmp_path, "orders")[0][2] == datetime(2010, 12, 1, 13, 26)


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        (
            HEADER.replace("StockCode", "OrderNo"),
            LINES[2],
            (
                "order_id could be InvoiceNo or OrderNo: name it with --column order_id=InvoiceNo "
                "or --column order_id=OrderNo"
            ),
        ),
        (
            HEADER.replace("InvoiceDate", "When"),
            LINES[2],
            "no column looks like ordered_at: name it with --column ordered_at=COLUMN",
        ),
        (
            HEADER.replace("UnitPrice", "Nothing"),
            LINES[2],
            "no column looks like the amount of a line: name it with --column amount=COLUMN",
        ),
        (
            HEADER,
            LINES[0],
            (
                "InvoiceDate can be read in more than one way, such as '12/1/2010 8:26'; choose "
                "with --format ordered_at='%m/%d/%Y %H:%M' or --format ordered_at='%d/%m/%Y %H:%M'"
            ),
        ),
        (
            HEADER,
            LINES[2].replace("12/13/2010 9:41", "yesterday"),
            "no known format reads the texts of InvoiceDate, such as 'yesterday'",
        ),
        (
            HEADER,
            LINES[2].replace("2.55", "cheap"),
            "unit_price: UnitPrice holds texts that are no numbers, such as 'cheap'",
        ),
    ],
)
def test_what_is_not_clear_is_asked_for(
    imported: Import, tmp_path: Path, header: str, line: str, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        imported(line, header=header)
    assert not (tmp_path / "raw").exists()


def test_a_named_format_and_column_decide(imported: Import, tmp_path: Path) -> None:
    imported(
        LINES[0],
        header=HEADER.replace("StockCode", "OrderNo"),
        columns={"order_id": "OrderNo"},
        formats={"ordered_at": "%d/%m/%Y %H:%M"},
    )
    [order] = rows(tmp_path, "orders")
    assert order[:3] == ("A", "17850", datetime(2010, 1, 12, 8, 26))


def test_an_order_of_two_customers_is_refused(imported: Import) -> None:
    with pytest.raises(InputError, match="1 orders have lines of more than one customer"):
        imported(LINES[2], LINES[2].replace("17850", "17851"))


def test_several_currencies_are_refused(imported: Import) -> None:
    with pytest.raises(
        InputError, match=r"Currency holds several currencies: EUR \(2 lines\), GBP"
    ):
        imported(
            *(
                f"{line},{name}"
                for line, name in zip(LINES, ("EUR", "EUR", "GBP", ""), strict=True)
            ),
            header=f"{HEADER},Currency",
        )


def test_present_raw_tables_are_kept(imported: Import, tmp_path: Path) -> None:
    imported()
    with pytest.raises(InputError, match=r"holds raw tables already: customers.parquet, orders"):
        imported()
    imported(LINES[2], replace=True)
    assert len(rows(tmp_path, "orders")) == 1


def test_numbers_and_ids_as_other_programs_write_them(imported: Import, tmp_path: Path) -> None:
    """A decimal comma, and a whole number that was a floating one."""
    imported('1,"1.234,50",13.12.2010,17850.0', header="order_id,amount,order_date,customer_id")
    [(order, customer, ordered_at, amount, quantity, products, _)] = rows(tmp_path, "orders")
    assert (order, customer, float(amount)) == ("1", "17850", 1234.5)
    assert (ordered_at, quantity, products) == (datetime(2010, 12, 13), None, 0)


def test_a_table_of_a_duckdb_database(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as shop:
        for table in ("lines", "others"):
            shop.execute(
                f"create table {table} as select 1 as order_id, 7 as customer_id, "
                "timestamp '2026-01-01 10:00' as order_date, 2.5 as amount"
            )
    wishes = Wishes({}, {})
    with pytest.raises(InputError, match=r"one table, named with --table; found main.lines, main"):
        import_transactions(Source(tmp_path / "shop.duckdb"), tmp_path / "raw", wishes)
    import_transactions(Source(tmp_path / "shop.duckdb", "lines"), tmp_path / "raw", wishes)
    assert [row[:2] for row in rows(tmp_path, "orders")] == [("1", "7")]


def test_the_command_writes_to_raw_data(
    imported: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported()
    monkeypatch.setenv("RAW_DATA", str(tmp_path / "other"))
    result = CliRunner().invoke(commands, ["init", str(tmp_path / "shop.csv")])
    assert result.exit_code == 0, result.output
    assert "orders.parquet: 3 rows" in result.output
    assert result.output.endswith("next: customer-predictions check-data\n")
    assert (tmp_path / "other" / "mapping.yml").exists()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_export_sql_is_sql_of_its_dialect(dialect: str) -> None:
    """Each query parses; the statements around them name each table."""
    named = {"postgresql": "postgres"}.get(dialect, dialect)
    for query in queries(dialect).values():
        sqlfluff.parse(query, dialect=named)
    printed = CliRunner().invoke(commands, ["init", "--print-sql", dialect]).output
    assert all(table in printed for table in ("customers", "orders", "events"))


def test_exported_columns_are_those_of_the_raw_tables() -> None:
    """The PostgreSQL queries, run on lines; DuckDB reads the same SQL."""
    with duckdb.connect() as shop:
        shop.execute(
            "create table transaction_lines as select 1 as order_id, 7 as customer_id, 'UK' as "
            "country, 2 as quantity, 5.25 as amount, 'A' as product_id, "
            "timestamp '2026-01-01 10:00' as ordered_at from range(2)"
        )
        shop.execute(
            "create table customer_events as select 1 as event_id, 7 as customer_id, 'visit' as "
            "event_type, timestamp '2026-01-01 09:00' as occurred_at"
        )
        found = {name: shop.sql(query) for name, query in queries("postgresql").items()}
        for table in landing_tables():
            assert found[table.name].columns == list(table.columns)
        [order] = found["orders"].fetchall()
        assert (order[0], order[1], float(order[3]), order[4], order[5]) == ("1", "7", 10.5, 4, 1)
