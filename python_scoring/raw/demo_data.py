"""Demo data of a shop, of any size and the same on every machine: customers, orders and events.

Time is counted in whole seconds since 2010-01-01. Customer `k` signs up at a constant rate over
absolute time, and depends only on the number of customers and `k`, so a later `until` only adds
newer rows and drops the oldest customers. Randomness comes from MD5 of readable keys, and
arithmetic is exact or correctly rounded: no seed, platform or thread matters.
"""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
from tqdm import tqdm

from python_scoring.errors import ArgumentError, InputError
from python_scoring.project.sql_text import literal
from python_scoring.raw.demo_data_sql import (
    CALENDAR,
    COUNTRIES,
    CUSTOMERS,
    EVENTS,
    LIVES,
    MACROS,
    ORDERS,
    PURCHASES,
)

EPOCH = datetime(2010, 1, 1)
DAY = 86_400
SPAN = 1_826 * DAY  # five years: a window that ends on 2015-01-01 starts at the epoch
CHUNK_CUSTOMERS = 50_000  # about a million orders, so that memory is bounded and files are handy
WORKERS = min(4, os.cpu_count() or 1)  # cohorts at a time, about 300 MB each
MARKER = "_demo_data.json"

TABLES = {"customers": CUSTOMERS, "orders": ORDERS, "events": EVENTS}


def generate(
    customers: int, until: datetime, out: Path, *, progress: bool = True
) -> dict[str, int]:
    """Write the rows that a shop had loaded by `until` (UTC) into the folder `out`.

    `customers` people signed up within the five years before `until`. Up to `CHUNK_CUSTOMERS` of
    them fit `<out>/<table>.parquet`; more become a folder `<table>` with one file per cohort. The
    folder appears as a whole or not at all, and replaces only earlier demo data. Returns the number
    of rows by table. Raises InputError for unusable arguments.
    """
    until_second = _checked(customers, until)
    out = out.resolve()
    _refuse_foreign_files(out)
    unfinished = out.with_name(f".{out.name}.unfinished")
    former = out.with_name(f".{out.name}.former")
    for left_by_a_killed_run in (unfinished, former):
        shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        rows = _write(customers, until_second, unfinished, progress=progress)
        files = sorted(p.relative_to(unfinished).as_posix() for p in unfinished.rglob("*.parquet"))
        marker = {"customers": customers, "until": until.isoformat(), "rows": rows, "files": files}
        (unfinished / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        if out.exists():
            out.rename(former)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    return rows


def _checked(customers: int, until: datetime) -> int:
    """Return the seconds from the epoch to `until`, rounded up; refuses unusable arguments."""
    if customers < 1:
        raise ArgumentError(f"customers is {customers}: expected at least 1; ask for 500 or more")
    if until.tzinfo is not None:
        until = until.astimezone(timezone.utc).replace(tzinfo=None)
    since = until - EPOCH
    if since < timedelta(seconds=SPAN):
        raise ArgumentError(
            f"until is {until:%Y-%m-%d}: expected 2015-01-01 or later, because five years of"
            " sign-ups start in 2010; choose a later date"
        )
    return since.days * DAY + since.seconds + (since.microseconds > 0)


def _refuse_foreign_files(out: Path) -> None:
    """Refuse `out` unless it is absent, empty, or holds only earlier demo data."""
    if not out.exists():
        return
    expected = "expected a new or empty folder, or one made by demo-data"
    if not out.is_dir():
        raise InputError(f"out is {out}, a file: {expected}; choose another folder")
    own = set()
    if (out / MARKER).exists():
        try:
            own = {MARKER, *json.loads((out / MARKER).read_text(encoding="utf-8"))["files"]}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"out is {out}, whose {MARKER} is not readable ({error}): {expected};"
                " choose another folder, or empty this one"
            ) from error
    for path in sorted(out.rglob("*")):
        if not path.is_dir() and path.relative_to(out).as_posix() not in own:
            raise InputError(
                f"out is {out}, which holds {path.relative_to(out)}: {expected};"
                " choose another folder, or move that file away"
            )


def _connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that uses less than 3 GB and spills into the folder `spill`."""
    return duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(spill)})


def _write(customers: int, until_second: int, folder: Path, *, progress: bool) -> dict[str, int]:
    """Write all tables into `folder`, cohort by cohort of customers; returns rows by table."""
    values: dict[str, object] = {
        "customers": customers,
        "until": until_second,
        "span": SPAN,
        "day": DAY,
        "days": until_second // DAY + 1,
        "epoch": int(EPOCH.replace(tzinfo=timezone.utc).timestamp()),
        # About one order in 5,000 is bad; small data get a few of each kind as well.
        "bad_every": max(1, min(250, customers // 10)),
    }
    spill = folder / "spill"
    with _connect(spill) as connection:
        for statement in (MACROS, CALENDAR, COUNTRIES):
            connection.execute(statement.format_map(values))
        first = _first_customer(connection, customers, until_second)
        cohorts = range(first, first + customers, CHUNK_CUSTOMERS)

        def write_cohort(start: int) -> dict[str, int]:
            last = min(start + CHUNK_CUSTOMERS, first + customers)
            cohort = values | {"first": start, "last": last}
            part = f"/part-{cohorts.index(start):04d}" if len(cohorts) > 1 else ""
            with connection.cursor() as cursor:
                cursor.execute(LIVES.format_map(cohort))
                cursor.execute(PURCHASES.format_map(cohort))
                return {
                    table: _copy(
                        cursor, query.format_map(cohort), folder / f"{table}{part}.parquet"
                    )
                    for table, query in TABLES.items()
                }

        # DuckDB uses one thread for so few customers, so the cohorts run in parallel.
        with ThreadPoolExecutor(WORKERS) as pool:
            written = list(
                tqdm(
                    pool.map(write_cohort, cohorts),
                    total=len(cohorts),
                    desc="demo data",
                    unit="cohort",
                    disable=None if progress else True,
                )
            )
    shutil.rmtree(spill, ignore_errors=True)
    return {table: sum(counts[table] for counts in written) for table in TABLES}


def _first_customer(
    connection: duckdb.DuckDBPyConnection, customers: int, until_second: int
) -> int:
    """Return the oldest customer of the five years before `until`; the others are consecutive."""
    near = (until_second - SPAN) * customers // SPAN
    found = connection.execute(
        "select min(k) from range(greatest(0, $near - 1), $near + 3) as t (k)"
        " where sign_up(k) >= $since",
        {"near": near, "since": until_second - SPAN},
    ).fetchall()
    return int(found[0][0])


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows into one Parquet file; returns their number."""
    path.parent.mkdir(exist_ok=True)
    target = literal(str(path))
    done = connection.execute(f"copy ({query}) to {target} (format parquet, compression zstd)")
    return int(done.fetchall()[0][0])
