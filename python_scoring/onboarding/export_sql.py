"""Export of the raw tables from a table of transaction lines, in the SQL of a warehouse."""

from collections.abc import Callable
from dataclasses import dataclass

# Columns of the lines by role; a person replaces the names.
LINES = """\
with lines as (
    select
        {order_id} as order_id,
        {customer_id} as customer_id,
        ordered_at,     -- instant of the order, in UTC
        amount,         -- amount of the line, negative for a return
        quantity,
        product_id,
        country
    from transaction_lines
)
"""
ORDERS = """\
select
    order_id,
    max(customer_id) as customer_id,
    min(ordered_at) as ordered_at,
    cast(sum(amount) as {money}) as amount,
    cast(round(sum(quantity)) as {whole}) as quantity,
    cast(count(distinct product_id) as {whole}) as product_count,
    min(ordered_at) as loaded_at
from lines
group by order_id"""
# One row per customer and country, so that a customer who moved has the country of the time.
CUSTOMERS = """\
, by_country as (
    select customer_id, country, min(ordered_at) as loaded_at
    from lines
    where customer_id is not null
    group by customer_id, country
)

select
    customer_id,
    min(loaded_at) over (partition by customer_id) as signed_up_at,
    country,
    loaded_at
from by_country"""
EVENTS = """\
select
    cast(event_id as {text}) as event_id,
    cast(customer_id as {text}) as customer_id,
    event_type,
    occurred_at,
    occurred_at as loaded_at
from customer_events"""


@dataclass(frozen=True)
class Dialect:
    """Types of a warehouse, and the statement that writes a query to Parquet or CSV."""

    text: str
    whole: str
    money: str
    unload: Callable[[str, str], str]


def _snowflake(table: str, query: str) -> str:
    return (
        f"copy into @my_stage/raw/{table}/\nfrom (\n{_indented(query)}\n)\n"
        "file_format = (type = parquet)\nheader = true\noverwrite = true;"
    )


def _bigquery(table: str, query: str) -> str:
    return (
        f"export data options (\n    uri = 'gs://my-bucket/raw/{table}/*.parquet',\n"
        f"    format = 'PARQUET',\n    overwrite = true\n) as\n{query};"
    )


def _databricks(table: str, query: str) -> str:
    return f"insert overwrite directory 's3://my-bucket/raw/{table}'\nusing parquet\n{query};"


def _postgresql(table: str, query: str) -> str:
    # In psql, from the folder that RAW_DATA names: psql -f export.sql
    return (
        f"\\o {table}.csv\ncopy (\n{_indented(query)}\n) to stdout with (format csv, header);\n\\o"
    )


DIALECTS = {
    "snowflake": Dialect("varchar", "integer", "decimal(18, 2)", _snowflake),
    "bigquery": Dialect("string", "int64", "numeric", _bigquery),
    "databricks": Dialect("string", "int", "decimal(18, 2)", _databricks),
    "postgresql": Dialect("text", "integer", "decimal(18, 2)", _postgresql),
}
HEADING = """\
-- The raw tables of customer_predictions from a table of transaction lines. Replace the names of
-- tables, columns and locations, and place the files in the folder RAW_DATA. Without events, export
-- the last one with `where false`: its header is needed."""


def queries(dialect: str) -> dict[str, str]:
    """Return the query of each raw table in a dialect of `DIALECTS`."""
    found = DIALECTS[dialect]
    types = {"text": found.text, "whole": found.whole, "money": found.money}
    keys = {name: f"cast({name} as {found.text})" for name in ("order_id", "customer_id")}
    lines = LINES.format(**keys)
    return {
        "customers": lines.rstrip() + CUSTOMERS.format(**types),
        "orders": f"{lines}\n{ORDERS.format(**types)}",
        "events": EVENTS.format(**types),
    }


def export_sql(dialect: str) -> str:
    """Return the statements that export the raw tables from a warehouse of this dialect."""
    unload = DIALECTS[dialect].unload
    parts = [unload(table, query) for table, query in queries(dialect).items()]
    return "\n\n".join([HEADING, *parts])


def _indented(query: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in query.splitlines())
