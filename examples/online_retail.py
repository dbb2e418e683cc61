"""Turn the Online Retail file (UCI) into the project's raw sources.

    python examples/online_retail.py --from PATH/online_retail.parquet --out data/online_retail

writes `customers.parquet`, `orders.parquet` and `events.parquet`; set `RAW_DATA` to that folder to
build on them. An order is an invoice. Nothing is dropped:

- Invoices without a customer stay, as orders without one: staging rejects and counts them.
- Service codes (postage, manual, discount, bank charges), bad debt (`A...`) and zero-price lines
  are part of what an invoice says. With them the amounts add up to the file's total.
- Exact duplicate lines (5,268) stay: an article rung up twice looks the same as a line stored
  twice, and the file does not say which it is. Without them 1,929 of 25,900 amounts would change,
  and the total by 0.2%, but no order would appear, vanish or change its sign.
"""

from pathlib import Path

import click
import duckdb

EXPECTED_COLUMNS = {
    "invoice_no": "VARCHAR",
    "stock_code": "VARCHAR",
    "quantity": "INTEGER",
    "invoice_date": "TIMESTAMP",
    "unit_price": "DOUBLE",
    "customer_id": "INTEGER",
    "country": "VARCHAR",
}

# Each would otherwise vanish inside an aggregate: what is wrong, and the invoices that are.
INVALID_INVOICES = {
    "a line without invoice_no, stock_code, quantity, invoice_date or country": """
        bool_or(
            invoice_no is null or stock_code is null or quantity is null
            or invoice_date is null or country is null
        )
    """,
    "a unit_price that is no number with at most three decimals": """
        bool_or(try_cast(unit_price as decimal(18, 3))::double is distinct from unit_price)
    """,
    "more than one customer_id or country": """
        count(distinct coalesce(customer_id::varchar, '')) > 1 or count(distinct country) > 1
    """,
}

# The sum is exact, in thousandths, and is rounded once per invoice. 43 invoices carry two
# timestamps, a minute apart: the first is the order's.
ORDERS = """
    select
        invoice_no as order_id,
        any_value(customer_id)::varchar as customer_id,
        min(invoice_date) as ordered_at,
        sum(quantity * unit_price::decimal(18, 3))::decimal(18, 2) as amount,
        sum(quantity)::integer as quantity,
        count(distinct stock_code)::integer as product_count,
        min(invoice_date) as loaded_at,
    from invoice_lines
    group by invoice_no
    order by ordered_at, order_id
"""

# A customer who moved is loaded once more, with the invoice that says so: the country at an earlier
# instant stays what it was, and the newest version holds the most recent country. The greatest
# invoice number decides between invoices of one minute.
CUSTOMERS = """
    with stated_countries as (
        select
            customer_id::varchar as customer_id,
            first_invoice_date as loaded_at,
            arg_max(country, invoice_no) as country,
        from (
            select
                customer_id,
                invoice_no,
                country,
                min(invoice_date) as first_invoice_date,
            from invoice_lines
            where customer_id is not null
            group by customer_id, invoice_no, country
        )
        group by customer_id, first_invoice_date
    )

    select
        customer_id,
        min(loaded_at) over customer as signed_up_at,
        country,
        loaded_at,
    from stated_countries
    window customer as (partition by customer_id)
    qualify
        lag(country) over (partition by customer_id order by loaded_at) is distinct from country
    order by loaded_at, customer_id
"""

# The file records nothing but invoices.
EVENTS = """
    select
        null::varchar as event_id,
        null::varchar as customer_id,
        null::varchar as event_type,
        null::timestamp as occurred_at,
        null::timestamp as loaded_at,
    where false
"""

SOURCES = {"customers": CUSTOMERS, "orders": ORDERS, "events": EVENTS}


def read_invoice_lines(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Make the file known as `invoice_lines`, or say what is wrong with it."""
    expected = ", ".join(f"{name} {kind}" for name, kind in EXPECTED_COLUMNS.items())
    if not source.is_file():
        raise click.ClickException(
            f"{source} is not a file: expected online_retail.parquet, with the columns {expected}."
        )
    try:
        lines = connection.read_parquet(str(source))
    except duckdb.Error as error:
        raise click.ClickException(
            f"{source} cannot be read as Parquet ({error}): expected the columns {expected}."
        ) from error

    found = {name: str(kind) for name, kind in zip(lines.columns, lines.types, strict=True)}
    wrong = [
        f"{name} is {found.get(name, 'missing')} (expected {kind})"
        for name, kind in EXPECTED_COLUMNS.items()
        if found.get(name) != kind
    ]
    if wrong:
        raise click.ClickException(
            f"{source} does not have the columns of the Online Retail file: {'; '.join(wrong)}."
        )
    lines.create_view("invoice_lines")


def check_invoices(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Refuse a file whose invoices cannot be turned into orders exactly."""
    for problem, condition in INVALID_INVOICES.items():
        invoices = connection.sql(
            f"select invoice_no from invoice_lines group by all having {condition} order by all"  # noqa: S608 - no text from outside
        ).fetchall()
        if invoices:
            raise click.ClickException(
                f"{source}: {len(invoices)} invoice(s) have {problem}, the first is "
                f"{invoices[0][0] or 'without a number'}. Expected none: correct the file."
            )


def write_source(connection: duckdb.DuckDBPyConnection, name: str, query: str, out: Path) -> None:
    """Write one raw source and say how many rows it has."""
    path = out / f"{name}.parquet"
    rows = connection.sql(query)
    rows.write_parquet(str(path))
    click.echo(f"{path}: {len(rows):,} rows")


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path),
    help="The Online Retail file, online_retail.parquet.",
)
@click.option(
    "--out",
    default=Path("data/online_retail"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that receives the raw sources.",
)
def main(source: Path, out: Path) -> None:
    """Turn the Online Retail file into the raw sources customers, orders and events."""
    with duckdb.connect() as connection:
        read_invoice_lines(connection, source)
        check_invoices(connection, source)
        out.mkdir(parents=True, exist_ok=True)
        for name, query in SOURCES.items():
            write_source(connection, name, query, out)

        orders, returns, anonymous, total = connection.sql(
            f"""
            select
                count(*),
                count(*) filter (amount < 0),
                count(*) filter (customer_id is null),
                sum(amount),
            from ({ORDERS})
            """  # noqa: S608 - no text from outside
        ).fetchall()[0]
    click.echo(
        f"{orders:,} orders for {total:,} in all: {returns:,} with a negative amount, "
        f"{anonymous:,} without a customer (staging will reject those)."
    )


if __name__ == "__main__":
    main()
