"""What a long history costs: builds, reads and files after a day, a month and a year.

    python -m benchmarks.days --customers 20000 --days 365

A shop delivers a file per table and day, and the scheduled build runs every morning. At days 2, 30
and the last one, builds of mornings on which churn alone is due run as people run them. The builds
between are forked by the server of the tests and leave out models that have nothing to do, which
changes no row. `--folder` keeps everything, and goes on with what is in it. Ratios are to day 30: a
build and a read on day 365 should cost at most 1.2 times as much.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

import click
import psutil

from benchmarks.build_against_bare import deliver, processor_seconds, split
from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.processes import run
from tests.support.project import CHURN_RUN

DBT = "from dbt.cli.main import cli; cli()"
FIRST = datetime(2026, 1, 6)  # a Tuesday; the demo models are pinned from this year on
MEASURED = 3  # builds at each point of the history
READS = 5
MART = "select count(*), sum(score), max(reason_codes) from lake.marts.churn_predictions_v1"
CUSTOMER = """
select count(*), sum(score), max(reason_codes) from lake.marts.churn_prediction_history_v1
where customer_id = (select max(customer_id) from lake.marts.churn_predictions_v1)
"""
FILES = """
select
    count(*),
    sum(file_size_bytes) / 1e6
from __ducklake_metadata_lake.ducklake_data_file as files
inner join __ducklake_metadata_lake.ducklake_table as tables
    on files.table_id = tables.table_id and tables.end_snapshot is null
inner join __ducklake_metadata_lake.ducklake_schema as schemas
    on tables.schema_id = schemas.schema_id
where files.end_snapshot is null and schemas.schema_name in {schemas}
"""


@dataclass(frozen=True)
class Morning:
    """Figures of one morning's build, and of the lake after it."""

    build_seconds: float
    processor_seconds: float
    peak_gigabytes: float
    mart_seconds: float
    customer_seconds: float
    files: float
    stored_megabytes: float
    catalog_megabytes: float
    other_megabytes: float


TITLES = (
    "build, seconds",
    "build, processor seconds",
    "peak memory, GB",
    "reading the current mart, s",
    "one customer's history, s",
    "Parquet files",
    "snapshots and predictions, MB",
    "catalog, MB",
    "other tables, MB",
)


def environment(folder: Path, day: datetime) -> dict[str, str]:
    """Of a build in the morning of a day."""
    return {
        **os.environ,
        "ELEMENTARY": "off",
        "RAW_DATA": str(folder / "raw"),
        "WAREHOUSE": str(folder / "warehouse"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        "PREDICTION_NOW": f"{day:%Y-%m-%d}T07:00:00",
    }


def plain_build(env: Mapping[str, str]) -> float:
    """`dbt build` as people run it; its peak memory in GB."""
    process = subprocess.Popen(
        [sys.executable, "-c", DBT, "build", "--quiet"], cwd=PROJECT, env=dict(env)
    )
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            peak = max(peak, psutil.Process(process.pid).memory_info().rss)
        time.sleep(0.1)
    if process.wait() != 0:
        raise click.ClickException("dbt build failed: the output above says why")
    return peak / 1e9


def forked_build(env: Mapping[str, str], *selection: str) -> None:
    """A build without the time of imports and parsing."""
    result = run(["dbt", "build", *selection], PROJECT, env)
    if result.returncode != 0:
        raise click.ClickException(f"dbt build failed:\n{result.stdout[-5000:]}")


def catch_up(folder: Path, morning: datetime) -> None:
    """The build of a morning that is not measured."""
    env = {**environment(folder, morning), "DBT_TARGET_PATH": str(folder / "forked")}
    is_first = not (folder / "warehouse").exists()
    forked_build(env, *(CHURN_RUN if is_plain(morning) and not is_first else ()))


def is_plain(morning: datetime) -> bool:
    """Whether churn alone is due: lifetime value is on Mondays, segments on the first."""
    return morning.weekday() != 0 and morning.day != 1


def measured(folder: Path, day: datetime) -> Morning:
    """Build as people do, then read as consumers do."""
    peak = 0.0

    def work() -> None:
        nonlocal peak
        peak = plain_build({**environment(folder, day), "DBT_TARGET_PATH": str(folder / "plain")})

    seconds, spent = processor_seconds(work)
    warehouse = Warehouse(folder / "warehouse")
    with connect_lake(warehouse) as lake:
        files, stored = lake.execute(
            FILES.format(schemas="('features', 'predictions')")
        ).fetchall()[0]
        others, other = lake.execute(
            FILES.format(schemas="('operations', 'raw', 'marts')")
        ).fetchall()[0]
    return Morning(
        seconds, spent, peak, _reading(warehouse, MART), _reading(warehouse, CUSTOMER),
        files + others, stored, warehouse.catalog.stat().st_size / 1e6, other or 0,
    )  # fmt: skip


def _reading(warehouse: Warehouse, query: str) -> float:
    """Median seconds of a query, each time by a reader who has just attached the lake."""
    seconds = []
    for _ in range(READS):
        with connect_lake(warehouse) as lake:
            start = time.perf_counter()
            lake.execute(query).fetchall()
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def live(customers: int, days: int, folder: Path) -> dict[int, Morning]:
    """Build every morning; medians of the mornings measured at days 2, 30 and the last one."""
    if not (folder / "raw").exists():
        generate(customers, FIRST + timedelta(days=days + MEASURED * 3), folder / "all")
        split(folder / "all", FIRST, folder / "raw")
    number = len(list((folder / "raw" / "orders").glob("20??-??-??.parquet")))
    if number:  # the last morning of a former call may have been cut off
        catch_up(folder, FIRST + timedelta(days=number))
    file = folder / "mornings.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    found = {
        point: [Morning(**each) for each in known.get(str(point), [])]
        for point in sorted({2, min(30, days), days})
    }
    while open_points := [point for point in found if len(found[point]) < MEASURED]:
        morning = FIRST + timedelta(days=number + 1)
        deliver(folder / "all", morning - timedelta(days=1), folder / "raw")
        number += 1
        if is_plain(morning) and number >= open_points[0]:
            found[open_points[0]].append(measured(folder, morning))
            kept = {point: [*map(asdict, mornings)] for point, mornings in found.items()}
            file.write_text(json.dumps(kept))
        else:
            catch_up(folder, morning)
    return {
        point: Morning(
            *(
                statistics.median(getattr(each, field.name) for each in mornings)
                for field in fields(Morning)
            )
        )
        for point, mornings in found.items()
    }


@click.command()
@click.option("--customers", type=int, default=20_000, show_default=True)
@click.option("--days", type=click.IntRange(min=3), default=365, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything there.")
def main(customers: int, days: int, folder: Path | None) -> None:
    """Print figures by day of history, with the ratio to day 30, as a table."""
    with tempfile.TemporaryDirectory() as name:
        found = live(customers, days, folder or Path(name))
    *_, month, last = found
    click.echo(f"{customers:,} customers, medians of {MEASURED} mornings")
    click.echo(f"| | {' | '.join(f'day {day}' for day in found)} | day {last} to day {month} |")
    click.echo(f"|---|{'---:|' * (len(found) + 1)}")
    for field, title in zip(fields(Morning), TITLES, strict=True):
        values = [getattr(found[day], field.name) for day in found]
        shown = " | ".join(f"{value:,.2f}" for value in values)
        click.echo(f"| {title} | {shown} | {values[-1] / (values[-2] or 1):.2f} |")


if __name__ == "__main__":
    main()
