"""Maintenance of the lake in a child process: inlined rows, small files, old snapshots.

Each step is one transaction of DuckLake. A crash in DuckDB's extensions ends the child process and
not the build, and is reported with the name of the step. A build maintains the lake at its end, if
that is due.
"""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from python_scoring.errors import PredictionError
from python_scoring.integrity.catalogue import files_of, opened
from python_scoring.project import PROJECT
from python_scoring.project.processes import end_with_parent
from python_scoring.warehouse import inlined_rows
from python_scoring.warehouse.connections import Warehouse, connect_lake

OLDER = "older_than => now() - interval '{keep_days}' day"
# Old snapshots go first: of those that are kept, the newest is one that readers may be in.
EXPIRE, INLINED = "let go of old snapshots", "write inlined rows to files"
STEPS = {
    EXPIRE: f"call ducklake_expire_snapshots('lake', {OLDER})",
    INLINED: "",
    "merge small files": "call ducklake_merge_adjacent_files('lake')",
    "delete files that no snapshot needs": f"call ducklake_cleanup_old_files('lake', {OLDER})",
}
SHRINK = "shrink the catalogue"
MEASURE = """
select
    (select count(*) from ducklake_snapshots('lake')),
    (select cast(sum(file_count) as bigint) from ducklake_table_info('lake'))
"""
CHILD = (sys.executable, "-m", "python_scoring.warehouse.maintenance")
UNLESS_READ = "--unless-read"
INTERRUPTED = (
    "maintain_lake: interrupted. Nothing is lost: steps are whole or undone. Run it again while no "
    "build runs"
)
LONGEST_OUTPUT = 1_000  # characters of what the process printed, from its end


@dataclass(frozen=True)
class Size:
    """Number of snapshots and files of a lake, and size of its catalogue in bytes."""

    snapshots: int
    files: int
    catalog_bytes: int


def maintain(
    warehouse: Warehouse,
    keep_days: int,
    child: Sequence[str] = CHILD,
    *,
    seconds: float | None = None,
    unless_read: bool = False,
) -> tuple[Size, Size]:
    """Maintain the lake in a child process; return its size before and after.

    The caller holds the writer's lock. Snapshots of the last `keep_days` days are kept, and
    unneeded files for as long again. `child` is the command to run; it is ended after `seconds`.

    Raises PredictionError, naming the step, if a step fails or its process ends. Steps before it
    are committed, and it has changed nothing. With `unless_read` it is also raised if a reader's
    transaction holds a former state. Readers of the present state are not affected.
    """
    with subprocess.Popen(  # noqa: S603 - this Python and this module, without a shell
        [*child, str(warehouse.folder), str(keep_days), *([UNLESS_READ] if unless_read else [])],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            errors += f"it took longer than {seconds:g} s"
    told = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if process.returncode == 0 and told and "sizes" in told[-1]:
        before, after = (Size(**each) for each in told[-1]["sizes"])
        return before, after
    if process.returncode == 0 and told and "is_read" in told[-1]:
        raise PredictionError(
            "maintain_lake: it is due, and waits for the next build: a reader of the lake holds a "
            "state from before the last commit"
        )
    steps = [each["step"] for each in told if "step" in each]
    step = steps[-1] if steps else "open the lake"
    how = (
        f"the process was ended by {signal.Signals(-process.returncode).name}"
        if process.returncode < 0
        else f"the process ended with exit code {process.returncode}"
    )
    raise PredictionError(
        f"maintain_lake: could not {step}: {how}. Nothing is lost: the steps before it are done, "
        "and this one changed nothing. Run it again while no build runs; builds and readers do "
        f"without it. The process said: {errors.strip()[-LONGEST_OUTPUT:] or 'nothing'}"
    )


def register(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create two DuckDB functions that return JSON: `before` and `after`, or an `error`.

    - `maintain_lake(keep_days)`
    - `maintain_lake_unless_read(keep_days, seconds)`, ended after `seconds`
    """

    def maintain_lake(keep_days: int) -> str:
        return _answer(lambda: maintain(warehouse, keep_days))

    def maintain_lake_unless_read(keep_days: int, seconds: int) -> str:
        return _answer(lambda: maintain(warehouse, keep_days, seconds=seconds, unless_read=True))

    create = partial(connection.create_function, return_type="varchar", side_effects=True)
    create("maintain_lake", maintain_lake, ["bigint"])
    create("maintain_lake_unless_read", maintain_lake_unless_read, ["bigint", "bigint"])


def _answer(work: Callable[[], tuple[Size, Size]]) -> str:
    try:
        before, after = work()
    except (PredictionError, OSError) as error:
        return json.dumps({"error": str(error)})
    except KeyboardInterrupt:
        return json.dumps({"error": INTERRUPTED})
    return json.dumps({"error": None, "before": asdict(before), "after": asdict(after)})


def run_step(lake: duckdb.DuckDBPyConnection, step: str, keep_days: int) -> None:
    """Run one step, in a transaction of its own; inlined rows table by table."""
    if step == INLINED:
        inlined_rows.write_to_files(lake)
    else:
        lake.execute(STEPS[step].format(keep_days=keep_days)).fetchall()


def main(folder: Path, keep_days: int, *options: str) -> None:
    """Run every step, and print the name of each before it."""
    warehouse = Warehouse(folder)
    if UNLESS_READ in options and _is_read(warehouse):
        _say({"is_read": True})
        return
    with connect_lake(warehouse, read_only=False) as lake:
        before = _size(lake, warehouse)
        for step in STEPS:
            _say({"step": step})
            run_step(lake, step, keep_days)
    _say({"step": SHRINK})
    _shrink_catalog(warehouse)
    with connect_lake(warehouse) as lake:
        _say({"sizes": [asdict(before), asdict(_size(lake, warehouse))]})


def _shrink_catalog(warehouse: Warehouse) -> None:
    """Return the pages of expired snapshots to the file system, which SQLite would keep.

    Deleted rows that stand in the catalogue and that no snapshot needs go with them. If a reader is
    in a transaction, all are kept until the next maintenance.
    """
    with opened(warehouse.catalog) as catalog, suppress(sqlite3.OperationalError):
        inlined_rows.purge(catalog)
        catalog.execute("vacuum")
        catalog.execute("pragma wal_checkpoint(truncate)").fetchall()


def _size(lake: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> Size:
    [(snapshots, files)] = lake.execute(MEASURE).fetchall()
    written = [file for file in files_of(warehouse.catalog) if not file.name.endswith("-shm")]
    return Size(snapshots, files, sum(file.stat().st_size for file in written))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()  # the next step may end this process


def _is_read(warehouse: Warehouse) -> bool:
    """Whether a transaction reads a former state of the lake, at which a checkpoint stops.

    Call it in a process that has not opened the lake in DuckDB: if two copies of SQLite have one
    file open, closing it in one releases the locks of the other.
    """
    with closing(sqlite3.connect(warehouse.catalog, timeout=1)) as catalog:
        [(is_busy, pages, moved)] = catalog.execute("pragma wal_checkpoint(passive)").fetchall()
    return bool(is_busy) or moved < pages


if __name__ == "__main__":
    end_with_parent()
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
    except (duckdb.Error, PredictionError) as error:
        sys.exit(str(error))
