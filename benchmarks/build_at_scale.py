"""How long builds take, how much memory, and what the checks cost.

Builds are measured against one aggregate of the raw orders, checks against the scoring they check.

    python -m benchmarks.build_at_scale --customers 2000000

The ratio to the baseline, measured in the same run, says more than seconds on one machine.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
import duckdb
import psutil

from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate

FAMILIES = ("value", "population", "score", "label", "change", "feature")
# The models under guardrails/, and the judge; the findings are inlined in it.
CHECKING = {
    *("references", "statistics", "distributions", "transitions", "findings", "checks"),
    *(f"{family}_findings" for family in FAMILIES),
}
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


def with_everybody(folder: Path) -> Path:
    """A copy of the project in which every customer who ever bought is eligible.

    The models have not learned from customers who left long ago: the limits that would block their
    drift, rightly, only warn there, so that the second day has a former batch.
    """
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".*", "data", "target", "logs"))
    for contract in (folder / "models" / "products").glob("*/_*__models.yml"):
        text = contract.read_text().replace("order_count_365d > 0", "order_count > 0")
        contract.write_text(text)
    settings = folder / "dbt_project.yml"
    blocking_drift = r"((?:feature|score|label)_\w+: {warn_above: [\d.]+), block_above: [\d.]+"
    settings.write_text(re.sub(blocking_drift, r"\1", settings.read_text()))
    return folder


def build(project: Path, raw: Path, folder: Path, as_of: str) -> tuple[float, float]:
    """Seconds and peak memory (GB) of `dbt build`, sampled five times a second."""
    environment = {
        **os.environ,
        "PREDICTION_AS_OF": as_of,
        # Not the real clock, by which a slot of today may have missed its deadline.
        "PREDICTION_NOW": f"{as_of}T07:00:00",
        "ELEMENTARY": "off",
        "RAW_DATA": str(raw),
        "WAREHOUSE": str(folder / "warehouse"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
    }
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", DBT, "build"], cwd=project, env=environment)
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


def seconds_by_product(target: Path) -> dict[str, tuple[float, float]]:
    """Seconds of scoring, and of all that checks it, of each product in the last build."""
    spent: dict[str, tuple[float, float]] = {}
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        kind, _, name = result["unique_id"].split(".")[:3]
        product = name.rsplit("_", 1)[-1]
        scoring, checking = spent.get(product, (0.0, 0.0))
        if kind == "model" and name == f"candidates_{product}":
            spent[product] = (scoring + result["execution_time"], checking)
        elif kind == "model" and name.removesuffix(f"_{product}") in CHECKING:
            spent[product] = (scoring, checking + result["execution_time"])
    return spent


def report(spent: dict[str, tuple[float, float]]) -> None:
    """Print what scoring and checks took, product by product and together."""
    together = tuple(map(sum, zip(*spent.values(), strict=True)))
    for product, (scoring, checking) in {**spent, "together": together}.items():
        click.echo(
            f"  {product}: scoring {scoring:.1f} s, checks {checking:.1f} s, "
            f"{checking / scoring:.0%}"
        )


@click.command()
@click.option("--customers", type=int, default=200_000, show_default=True)
@click.option("--everybody", is_flag=True, help="Score every customer who ever bought.")
def main(customers: int, everybody: bool) -> None:  # noqa: FBT001 - click's flag
    """Generate demo data, build two days and once more, and print the figures."""
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = generate(customers, today.replace(tzinfo=None), folder / "raw")
        baseline = one_pass(folder / "raw")
        project = with_everybody(folder / "project") if everybody else PROJECT
        click.echo(f"{rows['orders']:,} orders; one aggregate by customer takes {baseline:.2f} s")
        # Yesterday, since the data of today's as-of are complete some hours after it only.
        days = [str((today - timedelta(days=back)).date()) for back in (2, 1, 1)]
        for title, as_of in zip(("first build", "next day", "nothing due"), days, strict=True):
            seconds, memory = build(project, folder / "raw", folder, as_of)
            click.echo(
                f"{title}: {seconds:.0f} s, {seconds / baseline:.0f} aggregates, "
                f"{memory:.1f} GB at most"
            )
            if title != "nothing due":
                report(seconds_by_product(folder / "target"))


if __name__ == "__main__":
    main()
