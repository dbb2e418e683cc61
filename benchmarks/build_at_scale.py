"""How long a first build takes, and how much memory, against one aggregate of the raw orders.

    python -m benchmarks.build_at_scale --customers 2000000

The ratio to the baseline, measured in the same run, says more than seconds on one machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import click
import duckdb
import psutil

from python_scoring.demo_data import generate
from python_scoring.warehouse import PROJECT

DBT = "from dbt.cli.main import cli; cli()"


def one_pass(raw: Path) -> float:
    """Median seconds of three times counting and summing the orders of each customer."""
    files = raw / "orders" / "*.parquet" if (raw / "orders").is_dir() else raw / "orders.parquet"
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        with duckdb.connect() as connection:
            per_customer = connection.read_parquet(str(files)).aggregate(
                "customer_id, count(*) as orders, sum(amount) as revenue, max(ordered_at) as last",
                "customer_id",
            )
            per_customer.aggregate("max(orders), max(revenue), max(last)").fetchall()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def build(raw: Path, folder: Path) -> tuple[float, float]:
    """Seconds and peak memory (GB) of `dbt build`, sampled five times a second."""
    environment = {
        **os.environ,
        "ELEMENTARY": "off",
        "RAW_DATA": str(raw),
        "WAREHOUSE": str(folder / "warehouse"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
    }
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", DBT, "build"], cwd=PROJECT, env=environment)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, psutil.Process(process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.2)
    if process.wait() != 0:
        raise click.ClickException("dbt build failed: the output above says why")
    return time.perf_counter() - start, peak / 1e9


@click.command()
@click.option("--customers", type=int, default=200_000, show_default=True)
def main(customers: int) -> None:
    """Generate demo data, build twice, and print the figures."""
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = generate(customers, today.replace(tzinfo=None), folder / "raw")
        baseline = one_pass(folder / "raw")
        click.echo(f"{rows['orders']:,} orders; one aggregate by customer takes {baseline:.2f} s")
        for title in ("first build", "nothing due"):
            seconds, memory = build(folder / "raw", folder)
            click.echo(
                f"{title}: {seconds:.0f} s, {seconds / baseline:.0f} aggregates, "
                f"{memory:.1f} GB at most"
            )


if __name__ == "__main__":
    main()
