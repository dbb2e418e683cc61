"""What features cost beside pandas and beside Feast: seconds and peak memory in one run.

    python -m benchmarks.features_against_feast --customers 200000

- *project*: the models of `models/features/` in a build of a first snapshot and of the next day's,
  with the digests and the verification that belong to them, and the memory of the whole process
- *pandas*: the same features from the same files (benchmarks/features_in_pandas.py), compared value
  by value
- *Feast*: `get_historical_features` for all customers (benchmarks/features_in_feast.py), from the
  features of seven days that it did not have to compute

Medians of some rounds. Feast is installed into an environment of its own, which stays in
`--environment`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
import psutil

from benchmarks.build_against_bare import deliver, split
from benchmarks.build_at_scale import DBT
from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from python_scoring.warehouse import Warehouse, connect_lake

FEAST = "feast[duckdb]==0.67.0"
AS_OF = datetime(2026, 11, 28)
DAYS = 7  # of features in Feast's source
# The bad rows of the demo data, which pandas does not reject.
LARGEST_DIFFERING_SHARE = 0.01
FEATURES = """
select column_name from duckdb_columns()
where database_name = 'lake' and schema_name = 'features' and table_name = 'feature_snapshots'
    and column_name not in ('customer_id', 'as_of', 'data_cutoff', 'feature_version',
        'feature_snapshot_id', 'first_order_at', 'last_order_at', 'last_event_at')
"""


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Seconds and peak memory (GB) of a process that must succeed."""
    start, peak = time.perf_counter(), 0
    process = psutil.Popen(command, cwd=PROJECT, env={**os.environ, **(environment or {})})
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.02)
    if process.wait() != 0:
        raise click.ClickException(f"{command[0]} failed: the output above says why")
    return time.perf_counter() - start, peak / 1e9


def snapshot(folder: Path, as_of: datetime) -> tuple[float, float]:
    """Seconds of the models of models/features, and peak memory of a build of one snapshot."""
    _, memory = run(
        [sys.executable, "-c", DBT, "build", "--select", "+feature_snapshots"],
        {
            "ELEMENTARY": "off",
            "RAW_DATA": str(folder / "raw"),
            "WAREHOUSE": str(folder / "warehouse"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test",
            "SNAPSHOT_AS_OF": f"{as_of:%Y-%m-%d}",
            "PREDICTION_NOW": f"{as_of:%Y-%m-%d}T07:00:00",
        },
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
    spent = sum(
        result["execution_time"]
        for result in results
        if nodes.get(result["unique_id"], {})
        .get("original_file_path", "")
        .startswith("models/features/")
    )
    return spent, memory


def write_source(folder: Path) -> None:
    """Feast's source: the snapshot as the features of each of some days before the as-of."""
    with connect_lake(Warehouse(folder / "warehouse")) as lake:
        names = [name for (name,) in lake.execute(FEATURES).fetchall()]
        numbers = ", ".join(
            name if name == "country" else f"cast({name} as double) as {name}" for name in names
        )
        lake.execute(
            f"copy (select customer_id, timestamptz '{AS_OF}+00' - to_days(cast(day as integer))"  # noqa: S608 - declared
            f" as event_timestamp, event_timestamp as created, {numbers}"
            f" from lake.features.feature_snapshots, range({DAYS}) as days (day)"
            f" where as_of = '{AS_OF}') to '{folder / 'source.parquet'}'"
        )


def differing_share(folder: Path, file: Path) -> float:
    """The largest share of customers for whom a feature differs from the snapshot by a cent."""
    with connect_lake(Warehouse(folder / "warehouse")) as lake:
        names = [name for (name,) in lake.execute(FEATURES).fetchall() if name != "country"]
        shares = ", ".join(
            f"avg(cast(abs(coalesce(cast(ours.{name} as double), 0)"
            f" - coalesce(cast(theirs.{name} as double), 0)) > 0.01 as integer))"
            for name in names
        )
        [found] = lake.execute(
            f"select {shares} from lake.features.feature_snapshots as ours"  # noqa: S608 - declared
            f" inner join read_parquet('{file}') as theirs using (customer_id)"
            f" where ours.as_of = '{AS_OF}'"
        ).fetchall()
    return float(max(found))


def python_with_feast(environment: Path) -> str:
    """The Python of an environment that has Feast; makes it where it is missing."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", FEAST], check=True)
    return str(python)


@click.command()
@click.option("--customers", type=int, default=200_000, show_default=True)
@click.option("--rounds", type=int, default=3, show_default=True, help="Medians of so many.")
@click.option("--environment", type=click.Path(path_type=Path), default=Path("target/feast"))
def main(customers: int, rounds: int, environment: Path) -> None:
    """Print seconds, memory and ratios to the better of pandas and Feast, as a table."""
    feast = python_with_feast(environment.resolve())
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(customers, AS_OF + timedelta(days=1), folder / "all")
        for number in range(rounds):
            own = folder / str(number)
            split(folder / "all", AS_OF - timedelta(days=1), own / "raw")
            first = snapshot(own, AS_OF - timedelta(days=1))
            found.setdefault("project, first snapshot", []).append(first)
            deliver(folder / "all", AS_OF - timedelta(days=1), own / "raw")
            found.setdefault("project, next day", []).append(snapshot(own, AS_OF))
            out = own / "out.parquet"
            in_pandas = [sys.executable, "-m", "benchmarks.features_in_pandas", str(own / "raw")]
            found.setdefault("pandas", []).append(run([*in_pandas, str(AS_OF), str(out)]))
            if (share := differing_share(own, out)) > LARGEST_DIFFERING_SHARE:
                raise click.ClickException(f"pandas differs for {share:.1%} of the customers")
            write_source(own)
            in_feast = [feast, "benchmarks/features_in_feast.py", str(own / "source.parquet")]
            found.setdefault("Feast", []).append(run([*in_feast, str(AS_OF), str(out)]))
            if share := differing_share(own, out):
                raise click.ClickException(f"Feast differs for {share:.1%} of the customers")
    figures = {
        title: tuple(statistics.median(each) for each in zip(*rounds_of, strict=True))
        for title, rounds_of in found.items()
    }
    best = min(("pandas", "Feast"), key=lambda title: figures[title][0])
    click.echo(f"{customers:,} customers, medians of {rounds} rounds")
    click.echo(f"| | seconds | of {best} | peak GB | of {best} |")
    click.echo("|---|---:|---:|---:|---:|")
    for title, (seconds, memory) in figures.items():
        click.echo(
            f"| {title} | {seconds:.1f} | {seconds / figures[best][0]:.2f} | {memory:.2f} "
            f"| {memory / figures[best][1]:.2f} |"
        )


if __name__ == "__main__":
    main()
