"""Raw tables from one wide table of transaction lines: orders, customers, and no events.

Lines are summed to orders, customers are derived from their orders, and returns are orders with a
negative amount. Nothing is dropped: what cannot be used stays, for the landing to reject and count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from python_scoring.errors import InputError
from python_scoring.onboarding.mapping import (
    ISO,
    LINES,
    NUMBERS,
    ColumnMapping,
    propose,
    trimmed,
)
from python_scoring.project.sql_text import identifier, literal
from python_scoring.raw.columns import FILE_NAME, is_csv, rows_of
from python_scoring.raw.files import SUFFIXES, locations

DUCKDB_SUFFIXES = (".duckdb", ".db")
MAPPING_FILE = "mapping.yml"

# A line under the names of the roles. Amounts are exact in ten-thousandths.
TYPED = """
create temp view typed_lines as
select
    {order_id} as order_id,
    {customer_id} as customer_id,
    {ordered_at} as ordered_at,
    {amount} as amount,
    {quantity} as quantity,
    {product} as product,
    {country} as country
from {lines}
"""
# The sum is exact, and rounded once per order. The first line's time is the order's.
ORDERS = """
select
    order_id,
    any_value(customer_id) as customer_id,
    min(ordered_at) as ordered_at,
    cast(sum(amount) as decimal(18, 2)) as amount,
    cast(round(sum(quantity)) as integer) as quantity,
    cast(count(distinct product) as integer) as product_count,
    min(ordered_at) as loaded_at
from typed_lines
group by order_id
order by ordered_at, order_id
"""
# A customer who moved is loaded once more, with the order that says so: the country at an earlier
# instant stays what it was. The greatest order id decides between orders of one instant.
CUSTOMERS = """
with stated_countries as (
    select customer_id, ordered_at as loaded_at, arg_max(country, order_id) as country
    from (
        select customer_id, order_id, country, min(ordered_at) as ordered_at
        from typed_lines
        where customer_id is not null and ordered_at is not null
        group by customer_id, order_id, country
    ) as orders
    group by customer_id, ordered_at
)

select
    customer_id,
    min(loaded_at) over (partition by customer_id) as signed_up_at,
    country,
    loaded_at
from stated_countries
window by_time as (partition by customer_id order by loaded_at)
qualify
    row_number() over by_time = 1 or lag(country) over by_time is distinct from country
order by loaded_at, customer_id
"""
EVENTS = """
select
    cast(null as text) as event_id, cast(null as text) as customer_id,
    cast(null as text) as event_type, cast(null as timestamp) as occurred_at,
    cast(null as timestamp) as loaded_at
where false
"""
TABLES = {"customers": CUSTOMERS, "orders": ORDERS, "events": EVENTS}
# Orders that the lines contradict: any_value would hide it.
OF_SEVERAL = """
select count(*), min(order_id)
from (
    select order_id from typed_lines
    where order_id is not null
    group by order_id
    having count(distinct coalesce(customer_id, '')) > 1
) as contradicted
"""
FACTS = """
select
    count(*),
    count(*) filter (where amount < 0),
    count(*) filter (where customer_id is null),
    count(*) filter (where ordered_at is null),
    cast(sum(amount) as text)
from orders
"""


@dataclass(frozen=True)
class Source:
    """Location of a transaction table: a file, a folder of such files, or a table of DuckDB."""

    path: Path
    table: str | None = None


@dataclass(frozen=True)
class Wishes:
    """What a person said about the table, in place of what would be guessed."""

    columns: Mapping[str, str]
    formats: Mapping[str, str]
    timezone: str = "UTC"
    currency: str = ""
    mapping: Path | None = None  # a reviewed mapping; the rest is then not asked for


@dataclass(frozen=True)
class Imported:
    """Written raw tables: rows by file, the mapping's file, and what was assumed."""

    rows: dict[Path, int]
    mapping_file: Path
    assumptions: list[str]


def import_transactions(
    source: Source, out: Path, wishes: Wishes, *, replace: bool = False
) -> Imported:
    """Write customers, orders and events of a transaction table into `out`, with the mapping.

    Raises InputError if the table cannot be read, if a column or format is ambiguous, or if `out`
    holds raw tables and `replace` is false: landed rows would be gone.
    """
    present = [path for table in TABLES for path in locations(out, table)]
    if present and not replace:
        raise InputError(
            f"{out} holds raw tables already: {', '.join(path.name for path in present)}. Name "
            "another folder with --out, or write them anew with --replace"
        )
    foreign = [path for path in present if path.name not in {f"{name}.parquet" for name in TABLES}]
    if foreign:
        raise InputError(
            f"{foreign[0]} is not a file that init wrote, and --replace would leave it beside the "
            "new one. Take it away, or name another folder with --out"
        )
    with duckdb.connect() as lines:
        lines.execute("set timezone = 'UTC'")
        notes = _read(lines, source)
        if wishes.mapping:
            mapping = ColumnMapping.read(wishes.mapping)
        else:
            mapping = propose(
                lines, wishes.columns, wishes.formats, wishes.timezone, wishes.currency
            )
        _make_typed(lines, mapping)
        out.mkdir(parents=True, exist_ok=True)
        rows = {}
        for name, query in TABLES.items():
            lines.execute(f"create temp table {name} as {query}")
            file = out / f"{name}.parquet"
            lines.execute(f"copy {name} to {literal(str(file))} (format parquet)")
            [(rows[file],)] = lines.execute(f"select count(*) from {name}").fetchall()  # noqa: S608 - of this module
        notes += _facts(lines)
    mapping_file = wishes.mapping or out / MAPPING_FILE
    if not wishes.mapping:
        mapping_file.write_text(mapping.to_yaml(source.path), encoding="utf-8")
    return Imported(rows, mapping_file, [*_said(mapping), *notes])


def _read(lines: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    """Make the table known as `transaction_lines`; returns what was assumed in reading it."""
    path = source.path
    if path.name.endswith(DUCKDB_SUFFIXES):
        return _read_duckdb(lines, source)
    files = [path]
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.name.endswith(SUFFIXES))
    if not files or not all(each.is_file() and each.name.endswith(SUFFIXES) for each in files):
        raise InputError(
            f"{path}: expected a file or a folder of files that end with {', '.join(SUFFIXES)}, "
            f"or a DuckDB database ({', '.join(DUCKDB_SUFFIXES)})"
        )
    try:
        _make_lines(lines, [rows_of(file) for file in files])
    except (duckdb.Error, UnicodeDecodeError) as error:
        if not all(map(is_csv, files)):
            raise _unreadable(path, error) from error
        # Exports of old programs; the CSV of Online Retail is one.
        try:
            _make_lines(lines, [rows_of(file, "latin-1") for file in files])
        except duckdb.Error as second:
            raise _unreadable(path, second) from error
        return ["the file is not UTF-8, and was read as Latin-1"]
    return []


def _make_lines(lines: duckdb.DuckDBPyConnection, relations: list[str]) -> None:
    selects = [f"select * exclude ({FILE_NAME}) from {each}" for each in relations]  # noqa: S608 - quoted
    rows = " union all by name ".join(selects)
    lines.execute(f"create or replace temp table {LINES} as {rows}")


def _read_duckdb(lines: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    try:
        lines.execute(f"attach {literal(str(source.path))} as origin (read_only)")
    except duckdb.Error as error:
        raise _unreadable(source.path, error) from error
    tables = [
        f"{schema}.{name}"
        for schema, name in lines.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'origin'"
            " union all select schema_name, view_name from duckdb_views()"
            " where database_name = 'origin' and not internal order by all"
        ).fetchall()
    ]
    wanted = [table for table in tables if source.table in (None, table, table.split(".", 1)[1])]
    if len(wanted) != 1:
        raise InputError(
            f"{source.path}: expected one table, named with --table; "
            f"found {', '.join(tables) or 'none'}"
        )
    schema, name = wanted[0].split(".", 1)
    lines.execute(
        f"create temp view {LINES} as select * from origin.{identifier(schema)}.{identifier(name)}"  # noqa: S608 - quoted
    )
    return []


def _unreadable(path: Path, error: Exception) -> InputError:
    said = str(error).strip().partition("\n")[0]
    return InputError(f"{path} cannot be read: {said}. Export it again as UTF-8 CSV or Parquet")


def _make_typed(lines: duckdb.DuckDBPyConnection, mapping: ColumnMapping) -> None:
    """Make the lines known under the names of the roles; refuses orders of several customers."""
    try:
        lines.execute(TYPED.format(lines=LINES, **_expressions(mapping)))
        [(count, first)] = lines.execute(OF_SEVERAL).fetchall()
    except duckdb.Error as error:
        said = str(error).strip().partition("\n")[0]
        raise InputError(f"the mapping does not fit the table: {said}") from error
    if count:
        raise InputError(
            f"order_id ({mapping.columns['order_id']}): {count:,} orders have lines of more than "
            f"one customer, the first is {first}. Name the column that identifies an order with "
            "--column order_id=COLUMN, or correct them in the export"
        )


def _expressions(mapping: ColumnMapping) -> dict[str, str]:
    """Return the SQL of each role."""
    columns, missing = mapping.columns, "cast(null as text)"
    found = {
        role: trimmed(columns[role]) if role in columns else missing
        for role in ("order_id", "customer_id", "product", "country")
    }
    # Programs that know no missing whole numbers write 17850 as 17850.0.
    for role in ("order_id", "customer_id"):
        found[role] = f"regexp_replace({found[role]}, '^([0-9]+)\\.0$', '\\1')"
    found["ordered_at"] = _instant(mapping)
    quantity = _number(mapping, "quantity", "decimal(18, 3)")
    found["quantity"] = quantity or "cast(null as integer)"
    found["amount"] = _number(mapping, "amount", "decimal(18, 4)") or (
        f"{quantity} * {_number(mapping, 'unit_price', 'decimal(18, 4)')}"
    )
    return found


def _instant(mapping: ColumnMapping) -> str:
    column, form = mapping.columns["ordered_at"], mapping.formats.get("ordered_at", ISO)
    if form == ISO:
        instant = f"try_cast({identifier(column)} as timestamp)"
    else:
        instant = f"try_strptime({trimmed(column)}, {literal(form)})"
    if mapping.timezone == "UTC":
        return instant
    return f"timezone('UTC', timezone({literal(mapping.timezone)}, {instant}))"


def _number(mapping: ColumnMapping, role: str, kind: str) -> str | None:
    if role not in mapping.columns:
        return None
    form = mapping.formats.get(role)
    if form is None:
        return f"try_cast({identifier(mapping.columns[role])} as {kind})"
    return f"try_cast({NUMBERS[form].format(text=trimmed(mapping.columns[role]))} as {kind})"


def _said(mapping: ColumnMapping) -> list[str]:
    columns = mapping.columns
    amount = columns.get("amount") or f"{columns['quantity']} x {columns['unit_price']}"
    said = [
        f"an order is one {columns['order_id']} and belongs to its {columns['customer_id']}",
        f"its time is the first {columns['ordered_at']} of its lines, in {mapping.timezone}",
        f"the amount of a line is {amount}, in {mapping.currency}; the sum of the lines counts",
        "customers signed up with their first order; rows were loaded when they happened",
        "the table holds no events",
    ]
    if form := mapping.formats.get("ordered_at"):
        said.append(f"{columns['ordered_at']} is written as {form}")
    missing = [role for role in ("product", "country") if role not in columns]
    if missing:
        said.append(f"no column for {' and '.join(missing)}: left empty")
    return said


def _facts(lines: duckdb.DuckDBPyConnection) -> list[str]:
    [(orders, returns, anonymous, undated, total)] = lines.execute(FACTS).fetchall()
    found = [f"{orders:,} orders for {total} in all"]
    if returns:
        found.append(f"{returns:,} orders are returns: their amount is negative")
    else:
        found.append("no amount is negative: returns, if there are any, are not recognised")
    if anonymous:
        found.append(f"{anonymous:,} orders have no customer; the landing will reject them")
    if undated:
        found.append(f"{undated:,} orders have no readable time; the landing will reject them")
    return found
