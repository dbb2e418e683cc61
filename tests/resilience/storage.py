"""Files that are deleted, truncated, emptied, changed or replaced by yesterday's; then the remedy.

The remedy is what doctor, the build or the runbook say, typed as a person would.
"""

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.resilience.trials import (
    FIRST,
    TRACEBACK,
    Bench,
    Result,
    flip,
    published,
    served,
    timed,
    trial,
)
from tests.support.project import Project

BY = ("--by", "ana", "--reason", "a trial")
LATER = {"PREDICTION_NOW": "2026-11-24T08:00:00", "VERIFY_FILES": "all"}


def empty(path: Path) -> None:
    """Leave a file of no bytes."""
    path.write_bytes(b"")


def truncate(path: Path) -> None:
    """Leave the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(path: Path) -> None:
    """Flip the bit in the middle."""
    flip(path, path.stat().st_size * 4)


FAULTS: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "emptied": empty,
    "truncated": truncate,
    "one bit flipped": change,
}
CHURN = "lake/predictions/predictions_churn"
# One file of each kind, as a pattern below the warehouse.
KINDS = {
    "catalogue": "lake.sqlite",
    "working set": "warehouse.duckdb",
    "data folder's record": "lake/warehouse.json",
    "served predictions": f"{CHURN}/prediction_date=2026-11-24/*/*.parquet",
    "former predictions": f"{CHURN}/prediction_date=2026-11-23/*/*.parquet",
    "newest snapshot": "lake/features/feature_snapshots/as_of=2026-11-24*/*.parquet",
    "derived rows": "lake/features/order_versions/*.parquet",
    "landed rows": "lake/raw/orders/*.parquet",
    "history": "lake/operations/*/*.parquet",
}


def damaged_files(bench: Bench, count: int) -> list[Result]:
    """Each fault on a file of each kind, as far as `count` goes."""
    results = []
    pairs = [(kind, fault) for fault in FAULTS for kind in KINDS]
    for kind, fault in bench.turns(pairs[:count], least=len(KINDS)):
        result = Result(f"{kind} {fault}")
        with trial(bench) as project:
            path = next(iter(sorted(project.warehouse.glob(KINDS[kind]))))
            original = path.read_bytes()
            FAULTS[fault](path)
            _recover(bench, project, result, partial(path.write_bytes, original))
        results.append(result)
    return results


def yesterdays(bench: Bench) -> list[Result]:
    """Each half replaced by yesterday's, alone and together."""
    results = []
    with trial(bench, empty=True) as yesterday:
        yesterday.build(env=FIRST)
        for name, halves in {
            "catalogue of yesterday": ("lake.sqlite",),
            "working set of yesterday": ("warehouse.duckdb",),
            "data folder of another warehouse": ("lake",),
            "both database files of another warehouse": ("lake.sqlite", "warehouse.duckdb"),
        }.items():
            result = Result(name)
            with trial(bench) as project:
                kept = project.warehouse.parent / "kept"
                kept.mkdir()
                for half in halves:
                    (project.warehouse / half).replace(kept / half)
                    _copy(yesterday.warehouse / half, project.warehouse / half)
                _recover(bench, project, result, partial(_put_back, kept, project, halves))
            results.append(result)
    return results


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _put_back(kept: Path, project: Project, halves: tuple[str, ...]) -> None:
    for half in halves:
        path = project.warehouse / half
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (kept / half).replace(path)


def _recover(bench: Bench, project: Project, result: Result, restore: Callable[[], object]) -> None:
    """Build, do what is said, and compare."""
    result.tried += 1
    build = project.build(env=LATER, check=False)
    told = build.returncode != 0 or "DAMAGED" in build.stdout
    result.message = _words(build)
    if TRACEBACK in build.stdout:
        result.message = f"traceback: {result.message}"
        return
    now = served(project)
    if now is not None and not _are_published(bench, project):
        result.wrong += 1
    result.seconds.append(timed(lambda: _do_as_told(project, build, restore)))
    again = project.build(env=LATER, check=False)
    if again.returncode == 0 and published_values(project) == bench.digests:
        result.survived += 1
        result.unnoticed += not (told or now is not None)
    else:
        result.lost += 1
        result.message = _words(again)


def published_values(project: Project) -> dict[str, tuple[int, str]] | None:
    """What was ever published, or None where it cannot be read."""
    try:
        return published(project)
    except Exception:  # noqa: BLE001 - a lost half
        return None


def _are_published(bench: Bench, project: Project) -> bool:
    """Whether all that consumers read was published: rows of the intact warehouse."""
    columns = "customer_id, as_of, score, label"
    for product in bench.digests:
        mart = project.query(f"select {columns} from lake.marts.{product}_predictions_v1")
        known = bench.intact.query(f"select {columns} from lake.predictions.predictions_{product}")
        if not set(mart) <= set(known):
            return False
    return True


def _do_as_told(
    project: Project, build: subprocess.CompletedProcess[str], restore: Callable[[], object]
) -> None:
    words = build.stdout
    if "repair catalogue" in words:
        project.command("repair", "catalogue", *BY, check=False)
    elif "repair working-set" in words:
        project.command("repair", "working-set", *BY)
    elif "repair identity" in words and "warehouse.json" in words:
        project.command("repair", "identity", *BY)
    elif "republish" in words and "DAMAGED" in words:
        for run_id in sorted(set(_run_ids(words))):
            arguments = f"{{run_id: {run_id}, reason: a trial, by: ana}}"
            project.dbt("run-operation", "republish", "--args", arguments, env=LATER)
    elif build.returncode != 0:
        restore()
    if project.build(env=LATER, check=False).returncode != 0:
        restore()


def _run_ids(words: str) -> list[str]:
    return [part.partition(",")[0] for part in words.split("{run_id: ")[1:]]


def _words(build: subprocess.CompletedProcess[str]) -> str:
    if build.returncode == 0 and "DAMAGED" not in build.stdout:
        return "nothing that a build reads: it went on"
    lines = build.stdout.splitlines()
    found = [line for line in lines if "DAMAGED" in line or " is missing" in line or "lake" in line]
    wanted = [line for line in found if "DAMAGED" in line or "Error" in line or "missing" in line]
    return (wanted or found or lines or [""])[0].split("  ", 1)[-1]
