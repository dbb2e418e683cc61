"""What trials share: an intact warehouse and its copies, digests of what is read, the table."""

import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from python_scoring.errors import PredictionError
from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from tests.support.project import PRODUCTS, Project

FIRST = {"PREDICTION_NOW": "2026-11-23T07:00:00"}
SECOND = {"PREDICTION_NOW": "2026-11-24T07:00:00"}
THIRD = {"PREDICTION_NOW": "2026-11-25T07:00:00"}
UNTIL = datetime(2026, 11, 25)
SCORES = "(select customer_id, as_of, score, score_lower, score_upper, label, reason_codes from {})"
Item = TypeVar("Item")
TRACEBACK = "Traceback (most recent call last)"
HEADING_OF_ERROR = re.compile(r"Encountered an error:|.*Error( in .*)?")
Contents = dict[str, tuple[int, str]]  # rows and digest by product


# Folders of this run, in which every path of a message begins, and names that DuckLake draws.
FOLDERS = re.compile(r"/[^ ]*/(?:survive|disk)-\w+/(?:trial_\d+/)?|ducklake-(?=[0-9a-f])[0-9a-f-]+")


@dataclass
class Result:
    """A row of the table: trials of one fault."""

    fault: str
    tried: int = 0
    survived: int = 0
    lost: int = 0  # a row is gone that was published, and no remedy brought it back
    wrong: int = 0  # a consumer read a value that was not published
    unnoticed: int = 0  # damage of which nobody was told
    seconds: list[float] = field(default_factory=list)  # from the fault to the state before it
    message: str = ""  # what a person reads, or what went wrong

    def row(self) -> str:
        """The row in Markdown."""
        middle = sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else None
        seconds = f"{middle:.1f}" if middle is not None else ""
        said = FOLDERS.sub("", " ".join(self.message.split()))
        message = said.replace("|", "\\|")[:160]
        return (
            f"| {self.fault} | {self.tried} | {self.survived} | {self.lost} | {self.wrong} "
            f"| {self.unnoticed} | {seconds} | {message} |"
        )

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, wrong or unnoticed."""
        return self.tried == self.survived and not (self.lost or self.wrong or self.unnoticed)


HEADING = (
    "| fault | tried | survived | lost | wrong | unnoticed | seconds to recover | message |"
    "\n|---|---:|---:|---:|---:|---:|---:|---|"
)


class Bench:
    """An intact warehouse of two days, and copies of it for trials."""

    def __init__(self, folder: Path, customers: int, seed: int) -> None:
        """Make demo data and build two days in `folder`."""
        self.folder = folder
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.made = 0
        self.deadline = float("inf")  # of the section, by the monotonic clock
        generate(customers, UNTIL, folder / "raw")
        self.intact = Project(PROJECT, folder / "raw", folder / "intact", folder / "target_intact")
        for day in (FIRST, SECOND):
            self.intact.build(env=day)
        self.digests, self.served = published(self.intact), served(self.intact) or {}
        self.third_digests, self.third_served = self._after(THIRD)
        # By the second day's build in an empty folder.
        self.alone, self.alone_served = self._after(SECOND, empty=True)

    def _after(
        self, environment: dict[str, str], *, empty: bool = False
    ) -> tuple[Contents, Contents]:
        """What a build publishes that nothing disturbs, and what is served after it."""
        project = self.copy(empty=empty)
        project.build(env=environment)
        found = published(project), served(project) or {}
        self.remove(project)
        return found

    def turns(self, items: Iterable[Item], least: int = 1) -> Iterator[Item]:
        """Yield items until the section's time is up, and `least` of them on any machine."""
        for number, item in enumerate(items):
            if number >= least and time.monotonic() > self.deadline:
                return
            yield item

    def copy(self, *, empty: bool = False) -> Project:
        """A copy of the intact warehouse, or an empty folder."""
        self.made += 1
        own = self.folder / f"trial_{self.made}"
        own.mkdir()
        if not empty:
            shutil.copytree(self.intact.warehouse, own / "warehouse")
        return replace(self.intact, warehouse=own / "warehouse", target=own / "target")

    def remove(self, project: Project) -> None:
        """Delete a copy."""
        shutil.rmtree(project.warehouse.parent, ignore_errors=True)


@contextmanager
def trial(bench: Bench, *, empty: bool = False) -> Iterator[Project]:
    """A copy for one trial, deleted afterwards."""
    project = bench.copy(empty=empty)
    try:
        yield project
    finally:
        bench.remove(project)


def published(project: Project, where: str = "true") -> Contents:
    """Rows and digest of every run that was ever published, by product: not its run id."""
    return {
        product: project.digest(SCORES.format(f"lake.predictions.predictions_{product}"), where)
        for product in PRODUCTS
    }


def published_once(project: Project) -> Contents | None:
    """What is published; None where it cannot be read, or a run is there twice or not whole."""
    try:
        for product in PRODUCTS:
            stored = project.query(
                "select run_id, count(*), count(distinct customer_id)"
                f" from lake.predictions.predictions_{product} group by 1 order by 1"
            )
            ledger = project.query(
                "select run_id, rows_published, rows_published from lake.operations.run_ledger"
                f" where product = '{product}' and status = 'published' order by 1"
            )
            if stored != ledger:
                return None
        return published(project)
    except (duckdb.Error, PredictionError):
        return None


def first_error(output: str) -> str:
    """The line of a build's output that says what was wrong: below the headings of dbt."""
    lines = [line.split("  ", 1)[-1].strip() for line in output.splitlines()]
    said = [line for line in lines if line and not HEADING_OF_ERROR.fullmatch(line)]
    headed = [
        next((each for each in lines[at:] if each in said), "")
        for at, line in enumerate(lines)
        if line and line not in said
    ]
    named = [line for line in said if "Error: " in line]
    return next(iter([*filter(None, headed), *named, *said]), "")


def last_exception(output: str) -> str:
    """The last line of the last traceback, and where it was raised."""
    lines = output.rpartition(TRACEBACK)[2].splitlines()
    places = [line.strip() for line in lines if line.strip().startswith("File ")]
    said = [line.strip() for line in lines if line and not line.startswith(" ")]
    return f"{next(iter(said), '')} ({places[-1] if places else 'nowhere'})"


def served(project: Project) -> Contents | None:
    """Rows and digest of what consumers read now; None where they get an error."""
    try:
        return {
            product: project.digest(SCORES.format(f"lake.marts.{product}_predictions_v1"))
            for product in PRODUCTS
        }
    except (duckdb.Error, PredictionError):
        return None


def flip(path: Path, bit: int) -> None:
    """Change one bit of a file, and not its times: as a disk does."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def copy_raw(project: Project) -> Path:
    """A copy of the raw files beside a trial's warehouse, which it may change."""
    raw = project.warehouse.parent / "raw"
    shutil.copytree(project.raw_data, raw)
    return raw


def kept_files(project: Project) -> list[Path]:
    """Every file with bytes that a warehouse keeps."""
    found = (path for path in project.warehouse.rglob("*") if path.is_file())
    return sorted(
        path for path in found
        if path.stat().st_size and not path.name.endswith(("-shm", ".lock", ".ndjson"))
    )  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """The seconds that something took."""
    started = time.monotonic()
    work()
    return time.monotonic() - started
