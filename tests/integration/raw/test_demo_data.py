"""Demo data: reproducible, growing at the end only, with every oddity of raw data."""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from python_scoring.errors import InputError
from python_scoring.raw import demo_data

UNTIL = datetime(2026, 11, 23)


COLUMNS = {
    "customers": [
        ("customer_id", "VARCHAR"),
        ("signed_up_at", "TIMESTAMP"),
        ("country", "VARCHAR"),
        ("loaded_at", "TIMESTAMP"),
    ],
    "orders": [
        ("order_id", "VARCHAR"),
        ("customer_id", "VARCHAR"),
        ("ordered_at", "TIMESTAMP"),
        ("amount", "DECIMAL(18,2)"),
        ("quantity", "INTEGER"),
        ("product_count", "INTEGER"),
        ("loaded_at", "TIMESTAMP"),
    ],
    "events": [
        ("event_id", "VARCHAR"),
        ("customer_id", "VARCHAR"),
        ("event_type", "VARCHAR"),
        ("occurred_at", "TIMESTAMP"),
        ("loaded_at", "TIMESTAMP"),
    ],
}


GOOD = "order_id <> '  ' and customer_id like 'C%' and amount < 100000 and ordered_at <= loaded_at"


def make(out: Path, customers: int, until: datetime = UNTIL) -> Path:
    demo_data.generate(customers, until, out, progress=False)
    return out


def rows(folder: Path, table: str, where: str = "true") -> list[tuple[object, ...]]:
    """A table's rows in a fixed order, whether it is one file or several."""
    return duckdb.sql(
        f"select * from read_parquet('{folder}/{table}*/*.parquet') where {where} order by all"
        if (folder / table).is_dir()
        else f"select * from '{folder}/{table}.parquet' where {where} order by all"
    ).fetchall()


def value(query: str) -> object:
    found = duckdb.sql(query).fetchone()
    assert found is not None
    return found[0]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("shop") / "raw", 500)


@pytest.fixture(scope="module")
def big_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for several row groups per file."""
    return make(tmp_path_factory.mktemp("big_shop") / "raw", 10_000)


def test_bytes_do_not_depend_on_threads(
    big_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for threads in (1, 3):
        monkeypatch.setattr(demo_data, "WORKERS", threads)
        monkeypatch.setattr(
            demo_data, "_connect", lambda _spill, n=threads: duckdb.connect(config={"threads": n})
        )
        assert digests(make(tmp_path / str(threads), 10_000)) == digests(big_shop)


def test_content_does_not_depend_on_chunks(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_data, "CHUNK_CUSTOMERS", 150)
    chunked = make(tmp_path / "chunked", 500)
    assert sorted(p.name for p in (chunked / "orders").iterdir()) == [
        f"part-000{part}.parquet" for part in range(4)
    ]
    for table in COLUMNS:
        assert rows(chunked, table) == rows(shop, table)


def test_a_later_end_only_appends(shop: Path, tmp_path: Path) -> None:
    later = make(tmp_path / "later", 500, UNTIL + timedelta(days=7))
    known = f"loaded_at < timestamp '{UNTIL}'"
    oldest = value(f"select min(customer_id) from '{later}/customers.parquet'")
    assert value(f"select min(customer_id) from '{shop}/customers.parquet'") < oldest  # type: ignore[operator]
    for table in COLUMNS:
        common = f"customer_id >= '{oldest}' and customer_id like 'C%'"
        assert rows(later, table, f"{common} and {known}") == rows(shop, table, common)
        assert rows(later, table, f"not ({known})")


def test_nothing_is_loaded_at_the_end_or_later(shop: Path) -> None:
    for table in COLUMNS:
        assert value(f"select max(loaded_at) from '{shop}/{table}.parquet'") < UNTIL  # type: ignore[operator]


@pytest.mark.parametrize(
    ("customers", "until"),
    [
        (1, datetime(2015, 1, 1)),
        (7, datetime(2020, 2, 29, 12, 34, 56, 789)),
        (499, datetime(2019, 12, 31, 23, 59, 59)),
        (3_001, datetime(2031, 7, 5, tzinfo=timezone.utc)),
    ],
)
def test_customers_are_as_many_as_asked(customers: int, until: datetime, tmp_path: Path) -> None:
    table = make(tmp_path / "raw", customers, until) / "customers.parquet"
    naive = until.replace(tzinfo=None)
    assert value(f"select count(distinct customer_id) from '{table}'") == customers
    assert value(
        f"select bool_and(signed_up_at >= timestamp '{naive}' - interval 1826 day"
        f" and signed_up_at < timestamp '{naive}') from '{table}'"
    )


def test_demo_tables_have_the_declared_columns_and_row_counts(shop: Path) -> None:
    marker = json.loads((shop / demo_data.MARKER).read_text())
    assert (marker["customers"], marker["until"]) == (500, UNTIL.isoformat())
    for table, columns in COLUMNS.items():
        described = duckdb.sql(f"describe from '{shop}/{table}.parquet'").fetchall()
        assert [(name, kind) for name, kind, *_ in described] == columns
        assert marker["rows"][table] == len(rows(shop, table))


@pytest.mark.parametrize(
    "flaw",
    [
        "customer_id is null",
        "order_id = '  '",
        "customer_id not like 'C%'",
        "amount = 99999999999.00",
        "ordered_at > loaded_at",
    ],
)
def test_small_data_hold_every_kind_of_bad_row(shop: Path, flaw: str) -> None:
    assert 1 <= len(rows(shop, "orders", flaw)) <= 3


@pytest.mark.parametrize(
    ("oddity", "query", "low", "high"),
    [
        ("returns", "avg((amount < 0)::integer)", 0.03, 0.05),
        ("loaded again", "1 - count(distinct order_id) / count(*)", 0.005, 0.011),
        ("late", "avg((loaded_at > ordered_at + interval 1 day)::integer)", 0.009, 0.02),
    ],
)
def test_oddities_of_good_orders(
    big_shop: Path, oddity: str, query: str, low: float, high: float
) -> None:
    share = value(f"select ({query})::double from '{big_shop}/orders.parquet' where {GOOD}")
    assert low < share < high, oddity  # type: ignore[operator]


def test_some_rows_come_twice_and_some_with_another_amount(big_shop: Path) -> None:
    again = f"""
        select order_id, count(distinct amount) as amounts, count(distinct loaded_at) as loads,
        from '{big_shop}/orders.parquet' where {GOOD} group by order_id having count(*) > 1
    """
    kinds = duckdb.sql(f"select distinct amounts, loads from ({again}) order by all").fetchall()
    assert kinds == [(1, 1), (2, 2)]
    assert value(f"""
        select count(*) > count(distinct customer_id) and count(distinct country) = 12
        from '{big_shop}/customers.parquet'
    """)


def test_good_rows_are_sound(big_shop: Path) -> None:
    orders = f"from '{big_shop}/orders.parquet' where {GOOD}"
    assert value(f"select min(abs(amount)) >= 1 and max(abs(amount)) <= 5000 {orders}")
    assert value(f"select bool_and(sign(amount) = sign(quantity) and product_count >= 1) {orders}")
    assert value(f"select corr(abs(amount), abs(quantity)) > 0.2 {orders}")
    assert value(f"select bool_and(occurred_at < loaded_at) from '{big_shop}/events.parquet'")
    assert duckdb.sql(
        f"select distinct event_type from '{big_shop}/events.parquet' order by 1"
    ).fetchall() == [("cart",), ("email_open",), ("support_ticket",), ("visit",)]


def test_seasons_show(big_shop: Path) -> None:
    year = f"from '{big_shop}/orders.parquet' where amount > 0 and year(ordered_at) = 2025"
    in_months = f"select count(*) {year} and month(ordered_at) in "
    assert value(f"{in_months} (11, 12)") > 1.25 * value(f"{in_months} (7, 8)")  # type: ignore[operator]
    on_days = f"select count(*) {year} and isodow(ordered_at) = "
    assert value(f"{on_days} 4") > 1.4 * value(f"{on_days} 7")  # type: ignore[operator]


def test_customers_look_alike_from_year_to_year(big_shop: Path) -> None:
    """Mean recency, orders in 90 days and churn of customers who bought within a year."""

    def figures(as_of: str) -> tuple[float, float, float]:
        found = duckdb.sql(f"""
            with active as (
                select
                    date_diff('day', max(ordered_at) filter (ordered_at < as_of), as_of) as recency,
                    count(*) filter (
                        ordered_at < as_of and ordered_at >= as_of - interval 90 day
                    ) as orders_90d,
                    max(ordered_at) < as_of as churned,
                from '{big_shop}/orders.parquet', (select timestamp '{as_of}' as as_of)
                where {GOOD} and amount > 0 and ordered_at < as_of + interval 90 day
                group by customer_id, as_of having recency < 365
            )
            select avg(recency), avg(orders_90d), avg(churned::integer) from active
        """).fetchone()
        assert found is not None
        return found

    earlier, later = figures("2025-06-01"), figures("2026-06-01")
    assert later == pytest.approx(earlier, rel=0.08)
    assert 0.25 < earlier[2] < 0.5


def test_own_output_is_replaced(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(demo_data, "CHUNK_CUSTOMERS", 10)
        out = make(tmp_path / "raw", 20)
    assert (out / "orders").is_dir()
    assert digests(make(out, 500)) == digests(shop)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_foreign_files_are_never_touched(tmp_path: Path) -> None:
    own = make(tmp_path / "own", 1)
    (own / "orders").mkdir()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for path in (own / "orders" / "mine.parquet", foreign / "orders.parquet"):
        path.write_text("precious")
        with pytest.raises(InputError, match=f"out is .*{path.name}.*choose another folder"):
            make(path.parent if path.parent == foreign else own, 1)
        assert path.read_text() == "precious"
    with pytest.raises(InputError, match="a file"):
        make(foreign / "orders.parquet", 1)
    (foreign / demo_data.MARKER).write_text("{}")
    with pytest.raises(InputError, match="not readable"):
        make(foreign, 1)


def test_a_failed_run_leaves_the_former_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = make(tmp_path / "raw", 5)
    before = digests(out)
    monkeypatch.setitem(demo_data.TABLES, "events", "select no_such_column from lives")
    with pytest.raises(duckdb.Error):
        make(out, 6)
    assert digests(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize(
    ("customers", "until", "message"),
    [
        (0, UNTIL, "customers is 0: expected at least 1"),
        (1, datetime(2014, 12, 31, 23), "until is 2014-12-31: expected 2015-01-01"),
    ],
)
def test_unusable_arguments_are_named(
    customers: int, until: datetime, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        make(tmp_path / "raw", customers, until)
