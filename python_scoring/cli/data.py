"""Raw data: `demo-data`, `init`, `check-data`, `raw accept`."""

from datetime import datetime
from pathlib import Path

import click

from python_scoring.cli.options import AS_JSON, INSTANT
from python_scoring.cli.printing import print_json


@click.command("demo-data")
@click.option("--customers", type=int, default=5_000, show_default=True, help="How many customers.")
@click.option("--until", type=INSTANT, help="The data end here (UTC); by default today, 00:00.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/raw"), show_default=True,
    help="Folder for the Parquet files.",
)  # fmt: skip
@AS_JSON
def demo_data(*, customers: int, until: datetime | None, out: Path, as_json: bool) -> None:
    """Write deterministic demo data: the same arguments give the same data.

    \b
    Example:
      customer-predictions demo-data --customers 20000 --until 2026-06-01
    """
    from python_scoring.clock import utc_now
    from python_scoring.raw.demo_data import generate

    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = generate(customers, until or midnight, out)
    if as_json:
        print_json({"folder": str(out), "rows": rows})
        return
    for table, count in rows.items():
        click.echo(f"{out / table}: {count:,} rows")


@click.command("init")
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option("--table", help="Table of a DuckDB database, where it has more than one.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME",
              help="Column of a role, such as order_id=InvoiceNo; repeatable.")  # fmt: skip
@click.option("--format", "formats", multiple=True, metavar="ROLE=FORMAT",
              help="How texts are read, such as ordered_at=%d/%m/%Y; repeatable.")  # fmt: skip
@click.option("--timezone", default="UTC", show_default=True,
              help="Time zone of the times, such as Europe/London.")  # fmt: skip
@click.option("--currency", default="", help="Name of the currency, for the record.")
@click.option("--mapping", type=click.Path(dir_okay=False, path_type=Path),
              help="A reviewed mapping, in place of a proposal.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the raw tables; by default RAW_DATA.")  # fmt: skip
@click.option("--replace", is_flag=True, help="Write raw tables anew that an init wrote.")
@click.option("--print-sql", "dialect",
              type=click.Choice(["snowflake", "bigquery", "databricks", "postgresql"]),
              help="Only print SQL that exports the raw tables from a warehouse.")  # fmt: skip
def init(  # noqa: PLR0913 - one argument per option
    *,
    source: Path | None,
    table: str | None,
    columns: tuple[str, ...],
    formats: tuple[str, ...],
    timezone: str,
    currency: str,
    mapping: Path | None,
    out: Path | None,
    replace: bool,
    dialect: str | None,
) -> None:
    """Write the raw tables from SOURCE, a table of transaction lines, into RAW_DATA.

    SOURCE is a Parquet or CSV file, a folder of such files, or a DuckDB database. Columns are
    found by name and values and written as mapping.yml for review; where there is more than one
    reading, the choices are named. Lines are summed to orders, customers are derived from them.

    \b
    Example:
      customer-predictions init online_retail.csv --timezone Europe/London --currency GBP
    """
    from python_scoring.cli.printing import echo
    from python_scoring.onboarding.export_sql import export_sql
    from python_scoring.raw.files import raw_data_folder

    if dialect:
        echo(export_sql(dialect))
        return
    if source is None:
        raise click.UsageError("expected SOURCE, or --print-sql DIALECT")
    from python_scoring.onboarding.transactions import Source, Wishes, import_transactions

    wishes = Wishes(
        _by_role("--column", columns), _by_role("--format", formats), timezone, currency, mapping
    )
    found = import_transactions(
        Source(source, table), out or raw_data_folder(), wishes, replace=replace
    )
    for file, rows in found.rows.items():
        echo(f"{file}: {rows:,} rows")
    echo(f"{found.mapping_file}: the mapping; review it")
    for assumption in found.assumptions:
        echo(f"  - {assumption}")
    echo("next: customer-predictions check-data")


def _by_role(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        role, separator, value = text.partition("=")
        if not (separator and role and value):
            raise click.UsageError(f"{option} {text}: expected ROLE=VALUE")
        found[role] = value
    return found


@click.command("check-data")
@AS_JSON
def check_data(*, as_json: bool) -> None:
    """Check the raw tables in RAW_DATA as a first build would read them; changes nothing.

    Prints all problems of all tables, rows, date ranges and rejections by reason, and the as-ofs
    on which each product can be trained, evaluated and scored. Needs no warehouse. Exits with 1
    where a build would stop.

    \b
    Example:
      customer-predictions check-data --json
    """
    from python_scoring.cli.printing import echo
    from python_scoring.errors import InputError
    from python_scoring.onboarding.data_check import check_data, to_text
    from python_scoring.raw.files import raw_data_folder

    found = check_data(raw_data_folder())
    if as_json:
        print_json(found.to_record())
    else:
        echo(to_text(found))
    if found.problems:
        raise InputError(
            f"{len(found.problems)} problem{'' if len(found.problems) == 1 else 's'} in "
            f"{found.folder} would stop a build."
        )


@click.group("raw")
def raw() -> None:
    """Decide about raw files that were landed.

    \b
    Example:
      customer-predictions raw accept --file orders.parquet --by ana --reason "cents were lost"
    """


@raw.command("accept")
@click.option("--file", "file", required=True, help="Its path within RAW_DATA.")
@click.option("--by", "accepted_by", required=True, help="Who accepts it.")
@click.option("--reason", required=True, help="Why its history changed, in a sentence.")
def accept(file: str, accepted_by: str, reason: str) -> None:
    """Accept a raw file whose history changed since it was landed.

    The build that stopped because of the file names it. The next build removes the rows that were
    landed from it, lands its present content, and recomputes all features. Published predictions
    stay; a replay of them reports that the input differs.

    \b
    Example:
      customer-predictions raw accept --file orders.parquet --by ana --reason "cents were lost"
    """
    from python_scoring.raw.acceptance import accept as record
    from python_scoring.raw.files import raw_data_folder
    from python_scoring.warehouse import Warehouse

    for name, text in (("--by", accepted_by), ("--reason", reason)):
        if not text.strip():
            raise click.UsageError(f"{name} is blank: say who accepts the file, and why.")
    table = record(Warehouse.from_environment(), raw_data_folder(), file, accepted_by, reason)
    click.echo(f"{file} (table {table}) is accepted as it is now; the next build lands it anew.")
