"""What governance costs: builds against a bare script, and against an empty dbt project.

    python -m benchmarks.build_against_bare --customers 2000000

The bare script (benchmarks/bare.sql) makes the same features from the raw files, applies the same
pinned estimators to the customers that the contracts name, and writes Parquet: no landing, checks,
bounds, reasons, ledger or marts. Medians of some rounds; ratios within one run say more than
seconds on one machine. The script gets 12 GB of memory and a build the 2.5 GB of profiles.yml.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import duckdb
import pandas as pd
import psutil

from benchmarks.build_at_scale import DBT, build
from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, ModelCard, parse
from python_scoring.models.predict import feature_projection
from python_scoring.models.segments import assign
from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate

PRODUCTS = ("churn", "clv", "segmentation")
BATCH = 100_000
WINDOWS = "".join(
    f"count(*) filter (bought and age <= {days}) as order_count_{days}d,"
    f" coalesce(sum(amount) filter (age <= {days}), 0) as revenue_{days}d,"
    for days in (30, 90, 180, 365)
) + "".join(
    f"count(*) filter (bought and age <= {days}) - count(*) filter (bought and age > {days}"
    f" and age <= {2 * days}) as order_count_change_{days}d,"
    f" coalesce(sum(amount) filter (age <= {days}), 0) - coalesce(sum(amount) filter"
    f" (age > {days} and age <= {2 * days}), 0) as revenue_change_{days}d,"
    for days in (30, 90, 180)
)
# The eligible population of the three contracts.
ELIGIBLE = "order_count_365d > 0"
EMPTY_PROJECT = """
name: empty
version: "1.0"
profile: customer_predictions
"""


def prediction_of(score_type: str, estimator: Any) -> Callable[[pd.DataFrame], Any]:
    """The estimator's own method, or of segments, which have rules, their clearness."""
    if score_type == "segment":
        return lambda frame: assign(estimator, frame).clearness
    method: Callable[[pd.DataFrame], Any] = (
        estimator.predict_proba if score_type == "probability" else estimator.predict
    )
    return method


def bare(raw: Path, as_of: str, folder: Path) -> None:
    """Features, predictions and Parquet files, without any promise."""
    query = (PROJECT / "benchmarks" / "bare.sql").read_text()
    query = query.format(raw=raw, as_of=as_of, windows=WINDOWS)
    with duckdb.connect(config={"memory_limit": "12GB", "temp_directory": str(folder)}) as lake:
        lake.execute("set preserve_insertion_order = false")
        lake.execute(f"create table features as {query}")
        for product in PRODUCTS:
            [*_, version] = sorted((PROJECT / "python_scoring" / "artifacts" / product).iterdir())
            card = ModelCard.from_json((version / CARD_FILE).read_text(), version / CARD_FILE)
            estimator = parse((version / MODEL_FILE).read_bytes(), card, version)
            predict = prediction_of(card.score_type, estimator)
            names = ", ".join(feature_projection(card.features))
            reader = lake.cursor().execute(
                f"select customer_id, {names} from features where {ELIGIBLE}"  # noqa: S608 - the card's names
            )
            lake.execute(f"create table {product} (customer_id text, score double)")
            for batch in reader.fetch_record_batch(BATCH):
                frame = batch.to_pandas()
                scores = predict(frame.drop(columns="customer_id"))
                frame["score"] = scores[:, 1] if scores.ndim > 1 else scores
                lake.execute(f"insert into {product} select customer_id, score from frame")  # noqa: S608 - a product
            lake.execute(f"copy {product} to '{folder / product}.parquet'")


def split(raw: Path, day: datetime, out: Path) -> None:
    """The raw data as delivered: files until a day, and one file of the day for each table."""
    for table in ("customers", "orders", "events"):
        (out / table).mkdir(parents=True)
        source = raw / table if (raw / table).is_dir() else raw
        for file in sorted(source.glob("*.parquet" if source != raw else f"{table}.parquet")):
            duckdb.sql(
                f"copy (from '{file}' where loaded_at < timestamp '{day}') "
                f"to '{out / table / file.name}'"
            )


def deliver(raw: Path, day: datetime, out: Path) -> None:
    """A file of one day for each table."""
    for table in ("customers", "orders", "events"):
        files = raw / table / "*.parquet" if (raw / table).is_dir() else raw / f"{table}.parquet"
        following = day + timedelta(days=1)
        duckdb.sql(
            f"copy (from '{files}' where loaded_at >= timestamp '{day}' and loaded_at < "
            f"timestamp '{following}') to '{out / table / f'{day:%Y-%m-%d}.parquet'}'"
        )


def processor_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of some work, children included."""
    before, start = psutil.Process().cpu_times(), time.perf_counter()
    work()
    after = psutil.Process().cpu_times()
    spent = sum(
        getattr(after, name) - getattr(before, name)
        for name in ("user", "system", "children_user", "children_system")
    )
    return time.perf_counter() - start, spent


def empty_dbt(folder: Path) -> None:
    """One `dbt build` of a project without a model."""
    folder.mkdir(exist_ok=True)
    (folder / "dbt_project.yml").write_text(EMPTY_PROJECT)
    (folder / "profiles.yml").write_text(
        "customer_predictions: {target: dev, outputs: {dev: {type: duckdb, path: empty.duckdb}}}"
    )
    subprocess.run([sys.executable, "-c", DBT, "build"], cwd=folder, check=True, env={**os.environ})


def new_rows_in_place(raw: Path, day: datetime, out: Path) -> None:
    """Rewrite the files of `out` as a full export does: including the rows of the day."""
    split(raw, day + timedelta(days=1), out.with_name("export"))
    for table in ("customers", "orders", "events"):
        for file in sorted((out.with_name("export") / table).iterdir()):
            file.replace(out / table / file.name)
    shutil.rmtree(out.with_name("export"))


def median_of(rounds: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """The median of each figure."""
    return tuple(statistics.median(each) for each in zip(*rounds, strict=True))


def measured_build(raw: Path, folder: Path, as_of: datetime) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak memory (GB) of a build."""
    peak = 0.0

    def work() -> None:
        nonlocal peak
        _, peak = build(PROJECT, raw, folder, str(as_of.date()))

    return (*processor_seconds(work), peak)


def life(folder: Path, first: datetime, second: datetime) -> dict[str, tuple[float, float, float]]:
    """Figures of the builds of two days, the second also with a rewritten export."""
    found = {}
    copy = folder / "copy"
    for place in (folder / "warehouse", folder / "raw", copy):
        shutil.rmtree(place, ignore_errors=True)
    split(folder / "all", second, folder / "raw")
    found["first build"] = measured_build(folder / "raw", folder, first)
    shutil.copytree(folder / "warehouse", copy / "warehouse")
    shutil.copytree(folder / "target", copy / "target")
    shutil.copytree(folder / "raw", copy / "raw", copy_function=shutil.copy2)
    deliver(folder / "all", second, folder / "raw")
    found["next day"] = measured_build(folder / "raw", folder, second)
    # The first build after a run still takes note of its end.
    measured_build(folder / "raw", folder, second)
    found["nothing due"] = measured_build(folder / "raw", folder, second)
    new_rows_in_place(folder / "all", second, copy / "raw")
    found["export rewritten"] = measured_build(copy / "raw", copy, second)
    return found


@click.command()
@click.option("--customers", type=int, default=200_000, show_default=True)
@click.option("--rounds", type=int, default=3, show_default=True, help="Medians of so many.")
def main(customers: int, rounds: int) -> None:
    """Print seconds, processor seconds, peak memory and ratios of builds, as a table."""
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    until = today.replace(tzinfo=None)
    first, second = until - timedelta(days=2), until - timedelta(days=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(customers, until, folder / "all")
        bares, empties, lives = [], [], []
        for _ in range(rounds):
            lives.append(life(folder, first, second))
            bares.append(
                processor_seconds(lambda: bare(folder / "raw", str(second.date()), folder))
            )
            empties.append(processor_seconds(lambda: empty_dbt(folder / "empty")))
        wall, spent = median_of(bares)
        _, empty = median_of(empties)
        click.echo(f"{customers:,} customers, medians of {rounds} rounds")
        click.echo("| | seconds | of bare | processor s | of bare | of empty dbt | peak GB |")
        click.echo("|---|---:|---:|---:|---:|---:|---:|")
        click.echo(
            f"| bare script | {wall:.1f} | 1.0 | {spent:.1f} | 1.0 | {spent / empty:.1f} | |"
        )
        for title in lives[0]:
            seconds, cpu, memory = median_of([each[title] for each in lives])
            click.echo(
                f"| {title} | {seconds:.1f} | {seconds / wall:.1f} | {cpu:.1f} | {cpu / spent:.1f} "
                f"| {cpu / empty:.1f} | {memory:.1f} |"
            )


if __name__ == "__main__":
    main()
