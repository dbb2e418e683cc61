"""Raw data: `demo-data`."""

from datetime import datetime
from pathlib import Path

import click

from python_scoring.cli.options import INSTANT


@click.command("demo-data")
@click.option("--customers", type=int, default=5_000, show_default=True, help="How many customers.")
@click.option("--until", type=INSTANT, help="The data end here (UTC); by default today, 00:00.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/raw"), show_default=True,
    help="Folder for the Parquet files.",
)  # fmt: skip
def demo_data(customers: int, until: datetime | None, out: Path) -> None:
    """Write deterministic demo data: the same arguments give the same data.

    \b
    Example:
      customer-predictions demo-data --customers 20000 --until 2026-06-01
    """
    from python_scoring.clock import utc_now
    from python_scoring.raw.demo_data import generate

    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = generate(customers, until or midnight, out)
    for table, count in rows.items():
        click.echo(f"{out / table}: {count:,} rows")
