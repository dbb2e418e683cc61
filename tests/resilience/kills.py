"""Builds that are ended at random moments by random signals, with a reader beside them."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import duckdb

from python_scoring.errors import PredictionError
from tests.resilience.trials import (
    SECOND,
    THIRD,
    TRACEBACK,
    Bench,
    Result,
    published,
    timed,
    trial,
)
from tests.support.processes import Process
from tests.support.project import PRODUCTS, Project

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
# What is ended: its arguments, its environment, and whether the warehouse is empty before.
LIVES: dict[str, tuple[tuple[str, ...], dict[str, str], bool]] = {
    "first build": (("dbt", "build"), SECOND, True),
    "next day's build": (("dbt", "build"), THIRD, False),
    "maintenance": (
        ("dbt", "run-operation", "maintain_lake", "--args", "{keep_days: 1}"), THIRD, False,
    ),
}  # fmt: skip


@dataclass
class Reader:
    """Reads what is served, over and over, and notes what it should never see."""

    project: Project
    reads: int = 0
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in another thread meanwhile."""
        self._ended = threading.Event()
        thread = threading.Thread(target=self._read)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _read(self) -> None:
        while not self._ended.is_set():
            for product in PRODUCTS:
                # Before the first publication there is no mart.
                with suppress(PredictionError, duckdb.CatalogException, duckdb.IOException):
                    [(rows, customers, runs)] = self.project.query(
                        "select count(*), count(distinct customer_id), count(distinct run_id)"
                        f" from lake.marts.{product}_predictions_v1"
                    )
                    whole = {
                        count for (count,) in self.project.query(
                            "select rows_published from lake.operations.run_ledger"
                            f" where product = '{product}' and status = 'published'"
                        )
                    }  # fmt: skip
                    self.reads += 1
                    if rows and (rows != customers or runs != 1 or rows not in whole):
                        self.wrong.append(f"{product}: {rows} rows, {customers}, {runs} runs")
            time.sleep(0.05)


def kills(bench: Bench, count: int) -> list[Result]:
    """End `count` processes; then a plain build must give what one gives that was never ended."""
    lengths = {name: _length(bench, name) for name in LIVES}
    results = {name: Result(f"ended at random: {name}") for name in LIVES}
    for number in range(count):
        name = list(LIVES)[number % len(LIVES)]
        _kill(bench, name, lengths[name], results[name])
    return list(results.values())


def _length(bench: Bench, name: str) -> float:
    arguments, environment, is_empty = LIVES[name]
    with trial(bench, empty=is_empty) as project:
        return timed(lambda: project.dbt(*arguments[1:], env=environment))


def _kill(bench: Bench, name: str, length: float, result: Result) -> None:
    arguments, environment, is_empty = LIVES[name]
    moment = bench.random.random() * length
    number = bench.random.choice(SIGNALS)
    result.tried += 1
    with trial(bench, empty=is_empty) as project:
        reader = Reader(project)
        with reader.reading():
            process = project.start(*arguments[1:], env=environment)
            _end(process, number, moment)
            log = (project.target / "started.log").read_text()
            seconds = timed(lambda: project.build(env=environment, check=False))
        result.seconds.append(seconds)
        result.wrong += len(reader.wrong)
        build = project.build(env=environment, check=False)
        expected = bench.alone if is_empty else bench.third_digests
        is_same = _published_once(project) == expected
        if build.returncode == 0 and is_same and not reader.wrong:
            result.survived += 1
        else:
            result.lost += not is_same
            result.message = (
                f"{number.name} after {moment:.1f} s: {reader.wrong or build.stdout[-300:]}"
            )
        if number != signal.SIGKILL and TRACEBACK in log:
            result.message = result.message or f"{number.name}: a traceback"


def _end(process: Process, number: signal.Signals, moment: float) -> None:
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.kill(process.pid, number)
    try:
        process.wait(timeout=30)
    except TimeoutError:  # a signal that was not heeded
        process.kill()
        process.wait()


def _published_once(project: Project) -> dict[str, tuple[int, str]] | None:
    """What is published; None where a run is there twice or not whole."""
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
