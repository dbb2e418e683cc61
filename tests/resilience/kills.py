"""Processes that are ended at random moments by random signals, with a reader beside them."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import psutil
import psycopg
from psycopg import sql

from python_scoring.errors import PredictionError
from python_scoring.serving.local import LocalServer, local_server
from python_scoring.warehouse import Warehouse, connect_lake
from tests.resilience.trials import (
    SECOND,
    THIRD,
    TRACEBACK,
    Bench,
    Contents,
    Result,
    copy_raw,
    published,
    published_once,
    timed,
    trial,
)
from tests.support.lake import age
from tests.support.processes import Process
from tests.support.project import PRODUCTS, Project

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ENDING = 30.0  # seconds that a process may take to heed a signal, and its children to follow it
LAST_WORDS = 300
BUILD = ("dbt", "build")


@dataclass
class Reader:
    """Reads what is served, over and over, and notes what it should never see."""

    project: Project
    pause: float = 0.25  # seconds
    erased: int = 0  # rows that a run may lack of those that were published
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in another thread meanwhile."""
        self._ended.clear()
        thread = threading.Thread(target=self._read)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join()

    def stop(self) -> None:
        """Have it read no more, after the round that it is in."""
        self._ended.set()

    def _read(self) -> None:
        try:
            while not self._ended.wait(self.pause):
                # Before the first publication there is no lake, and no mart.
                with (
                    suppress(PredictionError, duckdb.IOException),
                    connect_lake(Warehouse(self.project.warehouse)) as lake,
                ):
                    for product in PRODUCTS:
                        with suppress(duckdb.CatalogException):
                            self._look(lake, product)
        except Exception as error:  # noqa: BLE001 - a reader that ends would see nothing wrong
            self.wrong.append(f"a reader's error: {error}")

    def _look(self, lake: duckdb.DuckDBPyConnection, product: str) -> None:
        [(rows, customers, runs)] = lake.execute(
            "select count(*), count(distinct customer_id), count(distinct run_id)"
            f" from lake.marts.{product}_predictions_v1"
        ).fetchall()
        published_rows = lake.execute(
            "select rows_published from lake.operations.run_ledger"
            f" where product = '{product}' and status = 'published'"
        ).fetchall()
        whole = {count - fewer for (count,) in published_rows for fewer in range(self.erased + 1)}
        self.reads += 1
        if rows and (rows != customers or runs != 1 or rows not in whole):
            self.wrong.append(f"{product}: {rows} rows, {customers}, {runs} runs")


@dataclass(frozen=True)
class Life:
    """What is ended, and what it has to come to all the same."""

    command: tuple[str, ...]  # its program and arguments
    environment: dict[str, str]
    set_up: Callable[[Project], Project] = field(default=lambda project: project)
    is_empty: bool = False  # whether the warehouse is, before
    erased: int = 0  # customers that are gone afterwards
    has_children: bool = False  # processes of its own, which must end with it


def kills(bench: Bench, count: int) -> Iterator[Result]:
    """End `count` processes; a repetition must come to what one does that was never ended."""
    customer = bench.intact.query("select min(customer_id) from lake.marts.clv_predictions_v1")
    with ExitStack() as stack:
        lives = _lives(str(customer[0][0]))
        results = {name: Result(f"ended at random: {name}") for name in lives}
        whole = {name: _undisturbed(bench, life) for name, life in lives.items()}
        served = "publication to PostgreSQL"
        results[served] = Result(f"ended at random: {served}")
        server = _postgres(stack, results[served])
        names = [name for name in results if server or name != served]
        for number in bench.turns(range(count), least=len(names)):
            name = names[number % len(names)]
            if name == served and server:
                _kill_publication(bench, server, number, results[name])
            else:
                length, expected = whole[name]
                _kill(bench, lives[name], length, expected, results[name])
        yield from results.values()


def _lives(customer_id: str) -> dict[str, Life]:
    erase = ("python_scoring", "erase", customer_id, "--by", "ana", "--reason", "a trial")
    maintain = ("dbt", "run-operation", "maintain_lake", "--args", "{keep_days: 1}")
    backfill = ("python_scoring", "backfill", "--from", "2026-11-25", "--to", "2026-11-25")
    return {
        "first build": Life(BUILD, SECOND, is_empty=True),
        "next day's build": Life(BUILD, THIRD),
        "maintenance": Life(maintain, THIRD, _aged),
        "erasure": Life(erase, THIRD, _own_raw_files, erased=1),
        "backfill": Life(backfill, THIRD, has_children=True),
    }


def _aged(project: Project) -> Project:
    """With states that maintenance lets go of."""
    age(Warehouse(project.warehouse), 38)
    return project


def _own_raw_files(project: Project) -> Project:
    """With raw files that may change."""
    return replace(project, raw_data=copy_raw(project))


def _undisturbed(bench: Bench, life: Life) -> tuple[float, Contents]:
    """How long it takes, and what is published after it and a build."""
    with trial(bench, empty=life.is_empty) as original:
        project = life.set_up(original)

        def work() -> None:
            ended = _start(project, life).wait()
            assert ended == 0, (project.target / "started.log").read_text()[-LAST_WORDS:]

        length = timed(work)
        if life.command != BUILD:
            project.build(env=life.environment)
        return length, published(project)


def _start(project: Project, life: Life) -> Process | subprocess.Popen[bytes]:
    """Start the process that is to be ended: forked, or, where it has children, as people do."""
    project.target.mkdir(parents=True, exist_ok=True)
    log = project.target / "started.log"
    environment = project.environment(life.environment)
    if not life.has_children:
        log.write_bytes(b"")
        return Process(life.command, project.folder, environment, log)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *life.command], cwd=project.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _kill(bench: Bench, life: Life, length: float, expected: Contents, result: Result) -> None:
    moment = bench.random.random() * length
    number = bench.random.choice(SIGNALS)
    result.tried += 1
    with trial(bench, empty=life.is_empty) as original:
        project = life.set_up(original)
        reader = Reader(project, erased=life.erased)
        with reader.reading():
            process = _start(project, life)
            orphans = _end(process, number, moment, has_children=life.has_children)
            log = (project.target / "started.log").read_text()
            again: list[subprocess.CompletedProcess[str]] = []
            result.seconds.append(timed(lambda: again.append(_repeat(project, life))))
        result.wrong += len(reader.wrong)
        build = again[0]
        if build.returncode == 0 and life.command != BUILD:
            build = project.build(env=life.environment, check=False)
        is_same = _contents(project, life) == expected
        said = f"{number.name} after {moment:.1f} s"
        if build.returncode == 0 and is_same and not reader.wrong and not orphans:
            result.survived += 1
        else:
            result.lost += not is_same
            result.message = f"{said}: {orphans or reader.wrong or build.stdout[-LAST_WORDS:]}"
        sys.stderr.write(f"{result.fault}: {said}: {result.survived} of {result.tried} survived\n")
        if number != signal.SIGKILL and TRACEBACK in log:
            result.survived -= not result.message
            result.message = result.message or f"{said}: a traceback"


def _contents(project: Project, life: Life) -> Contents | None:
    return published(project) if life.erased else published_once(project)


def _repeat(project: Project, life: Life) -> "subprocess.CompletedProcess[str]":
    """Do what was ended again, as a person would."""
    program, *arguments = life.command
    run = project.dbt if program == "dbt" else project.command
    return run(*arguments, env=life.environment, check=False)


def _end(
    process: Process | subprocess.Popen[bytes],
    number: signal.Signals,
    moment: float,
    *,
    has_children: bool = False,
) -> str:
    """End a process at a moment; says which of its children went on after it, if any."""
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    children: list[psutil.Process] = []
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        if process.poll() is None:
            if has_children:
                children = psutil.Process(process.pid).children(recursive=True)
            os.kill(process.pid, number)
    with suppress(TimeoutError, subprocess.TimeoutExpired):
        process.wait(timeout=ENDING)
    if process.poll() is None:  # a signal that was not heeded
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(children, timeout=ENDING)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(alive, timeout=ENDING)
    # Nobody can tell a child of a SIGKILL; it is a build like any other, and ends as one.
    return f"{len(alive)} children went on" if alive and number != signal.SIGKILL else ""


def _postgres(stack: ExitStack, result: Result) -> LocalServer | None:
    """A PostgreSQL server until the end of the trials; None, with the reason, without one."""
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True)
    )
    try:
        return stack.enter_context(local_server(Path(folder) / "data"))
    except (ImportError, PredictionError) as error:
        result.message = f"not tried: {error}"
        return None


def _kill_publication(bench: Bench, server: LocalServer, number: int, result: Result) -> None:
    """End a publication of everything; then another one must bring just what the lake has."""
    name = f"trial_{number}"
    dsn = f"host={server.socket_folder} port={server.port} dbname={name} user=postgres"
    life = Life(("dbt", "run", "--select", "served_outputs"), {**SECOND, "SERVING_DSN": dsn})
    result.tried += 1
    with psycopg.connect(server.dsn, autocommit=True) as operator:
        operator.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with trial(bench) as project:
        moment, ended_by = bench.random.random() * 4, bench.random.choice(SIGNALS)
        _end(_start(project, life), ended_by, moment)
        partial = _unlike_the_lake(project, dsn, may_be_missing=True)
        result.seconds.append(timed(lambda: _repeat(project, life)))
        different = _unlike_the_lake(project, dsn, may_be_missing=False)
        result.wrong += bool(partial)
        result.lost += bool(different)
        result.survived += not partial and not different
        if partial or different:
            result.message = f"{ended_by.name} after {moment:.1f} s: {partial or different}"


def _unlike_the_lake(project: Project, dsn: str, *, may_be_missing: bool) -> str:
    """Which mart of PostgreSQL is not as in the lake; one that is not there yet may be missing."""
    columns = "prediction_id, customer_id, score, label"
    with psycopg.connect(dsn, autocommit=True) as connection:
        for product in PRODUCTS:
            name = f"{product}_predictions_v1"
            try:
                found = connection.execute(
                    f"select {columns} from serving_data.{name} order by prediction_id".encode()
                ).fetchall()
            except psycopg.errors.UndefinedTable:
                found = []
            except psycopg.errors.InvalidSchemaName:
                found = []
            in_lake = project.query(f"select {columns} from lake.marts.{name} order by 1")
            if found != in_lake and not (may_be_missing and not found):
                return f"{name} has {len(found)} rows, the lake {len(in_lake)}"
    return ""
