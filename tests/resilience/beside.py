"""Commands, builds, operations and readers beside a build."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import duckdb

from python_scoring.warehouse import Warehouse, connect_lake
from tests.resilience.kills import Reader
from tests.resilience.trials import (
    SECOND,
    THIRD,
    TRACEBACK,
    UNTIL,
    Bench,
    Result,
    copy_raw,
    first_error,
    published,
    trial,
)
from tests.support.lake import age
from tests.support.project import PRODUCTS, Project

READERS = 20
MINUTES = 10.0  # of readers
PAUSE = 1.0  # seconds between two reads of one of many readers
EARLIER = "2026-08-01"
# {run}, {prediction} and {customer} are of churn as it is served, {folder} is a scratch folder.
COMMANDS: dict[str, tuple[str, ...]] = {
    "backfill": ("backfill", "--from", "2026-11-20", "--to", "2026-11-22"),
    "backtest": (
        "backtest", "churn", "--model-version", "1.0.3", "--from", EARLIER, "--to", EARLIER,
    ),
    "connect": ("connect",),
    "contracts": ("contracts",),
    "demo-data": ("demo-data", "--customers", "50", "--out", "{folder}/demo"),
    "docs": ("docs", "--target", "{folder}"),
    "doctor": ("doctor",),
    "erase": ("erase", "{customer}", "--by", "ana", "--reason", "a trial"),
    "erase --dry-run": ("erase", "{customer}", "--dry-run"),
    "explain": ("explain", "{prediction}"),
    "feature-version": ("feature-version",),
    "model-card": ("model-card", "--check"),
    "notify": ("notify", "--dry-run"),
    "raw accept": ("raw", "accept", "--file", "orders.parquet", "--by", "ana", "--reason", "a"),
    "repair catalogue": ("repair", "catalogue", "--by", "ana", "--reason", "a trial"),
    "repair identity": ("repair", "identity", "--by", "ana", "--reason", "a trial"),
    "repair working-set": ("repair", "working-set", "--by", "ana", "--reason", "a trial"),
    "replay": ("replay", "{run}"),
    "report": ("report", "--out", "{folder}/report.html"),
    "trace": ("trace", "{prediction}"),
    "training-data": ("training-data", "churn", "--as-of", EARLIER, "--out", "{folder}/t.parquet"),
}  # fmt: skip
OPERATIONS: dict[str, tuple[str, ...]] = {
    "maintain_lake": ("maintain_lake", "--args", "{{keep_days: 1}}"),
    "record_operations_now": ("record_operations_now",),
    "republish": ("republish", "--args", "{{run_id: {run}, reason: a trial, by: ana}}"),
}
# Commands that may change what is published: then only that it is whole is compared.
CHANGING = ("erase", "republish", "backfill")


def beside_a_build(bench: Bench, part: float) -> Iterator[Result]:
    """Each command and operation, a second build, and readers, while a build runs.

    Readers take their ten minutes in a run of any size; with less time there are fewer commands.
    """
    del part
    yield from transactions(bench)
    yield _second_build(bench)
    yield many_readers(bench, MINUTES)
    commands = [
        *((name, arguments, False) for name, arguments in COMMANDS.items()),
        *((name, ("run-operation", *arguments), True) for name, arguments in OPERATIONS.items()),
    ]
    bench.random.shuffle(commands)
    for name, arguments, is_dbt in bench.turns(commands):
        yield _command(bench, name, arguments, is_dbt=is_dbt)


def _command(bench: Bench, name: str, arguments: tuple[str, ...], *, is_dbt: bool) -> Result:
    result = Result(f"{name} beside a build", tried=1)
    with trial(bench) as original:
        project = replace(original, raw_data=copy_raw(original)) if name == "erase" else original
        other = replace(project, target=project.target.with_name("other"))
        other.target.mkdir(parents=True)
        [(run, prediction, customer, model)] = project.query(
            "select run_id, prediction_id, customer_id, model_version"
            " from lake.marts.churn_predictions_v1 order by customer_id limit 1"
        )
        filled = [
            each.format(
                folder=other.target, run=run, prediction=prediction, customer=customer, model=model
            )
            for each in arguments
        ]
        build = project.start("build", env=THIRD)
        time.sleep(1)
        run_it = other.dbt if is_dbt else other.command
        command = run_it(*filled, env={**THIRD, "WAIT_FOR_BUILD": "300"}, check=False)
        ended = build.wait(timeout=600)
        lines = command.stdout.strip().splitlines()
        result.message = first_error(command.stdout) if command.returncode else lines[-1][:120]
        is_same = name in CHANGING or published(project) == bench.third_digests
        result.lost += not is_same
        built = project.build(env=THIRD, check=False)
        is_good = is_same and ended == 0 and TRACEBACK not in command.stdout
        result.survived += is_good and built.returncode == 0
        if ended:
            result.message = (project.target / "started.log").read_text()[-300:]
        elif TRACEBACK in command.stdout:
            result.message = f"traceback: {command.stdout[-300:]}"
        elif built.returncode:
            result.message = f"afterwards: {first_error(built.stdout)}"
    return result


def _second_build(bench: Bench) -> Result:
    result = Result("a second build beside a build", tried=1)
    with trial(bench) as project:
        reader = Reader(project)
        with reader.reading():
            build = project.start("build", env=THIRD)
            second = replace(project, target=project.target.with_name("other")).build(
                env={**THIRD, "WAIT_FOR_BUILD": "300"}, check=False
            )
            ended = build.wait(timeout=600)
        result.wrong = len(reader.wrong)
        is_same = published(project) == bench.third_digests
        result.lost += not is_same
        result.survived += is_same and ended == 0 and second.returncode == 0
        result.message = f"{reader.reads:,} reads meanwhile"
    return result


def many_readers(bench: Bench, minutes: float) -> Result:
    """Readers for some minutes, while builds, maintenance and withdrawals go on."""
    result = Result(f"{READERS} readers beside builds and maintenance", tried=1)
    with trial(bench) as project, ExitStack() as stack:
        readers = [Reader(project, pause=PAUSE) for _ in range(READERS)]
        for reader in readers:
            stack.enter_context(reader.reading())
        # From the third day on, whose slot is compared.
        deadline, day, failed = time.monotonic() + minutes * 60, UNTIL - timedelta(days=1), ""
        while not failed and (time.monotonic() < deadline or day < UNTIL):
            day += timedelta(days=1)
            build = project.build(env={"PREDICTION_NOW": f"{day:%Y-%m-%d}T07:00:00"}, check=False)
            arguments = ("run-operation", "maintain_lake", "--args", "{keep_days: 1}")
            maintained = project.dbt(*arguments, check=False)
            # The demo data end, so that the gate may find that the feeds have stopped.
            if maintained.returncode or TRACEBACK in build.stdout:
                failed = first_error(maintained.stdout) or build.stdout[-300:]
        for reader in readers:  # all at once: each may be in the middle of a round
            reader.stop()
        stack.close()
        result.wrong = sum(len(reader.wrong) for reader in readers)
        is_kept = published(project, f"as_of <= timestamp '{UNTIL}'") == bench.third_digests
        result.lost += not is_kept
        result.survived += is_kept and not failed and not result.wrong
        reads = sum(reader.reads for reader in readers)
        wrong = next((reader.wrong[0] for reader in readers if reader.wrong), "")
        result.message = failed or wrong or (
            f"{reads:,} reads of {len(PRODUCTS)} marts, {(day - UNTIL).days + 1} builds"
        )  # fmt: skip
    return result


def transactions(bench: Bench) -> Iterator[Result]:
    """A reader's transaction across a publication, maintenance and an erasure."""
    [(customer,)] = bench.intact.query(
        "select min(customer_id) from lake.marts.churn_predictions_v1"
    )
    happenings: dict[str, Callable[[Project], object]] = {
        "a publication": lambda project: project.build(env=THIRD),
        "maintenance": lambda project: project.dbt(
            "run-operation", "maintain_lake", "--args", "{keep_days: 1}"
        ),
        "a withdrawal": _withdraw,
        "an erasure": partial(_erase, customer),
    }
    for name, happens in happenings.items():
        result = Result(f"a reader's transaction across {name}", tried=1)
        with trial(bench) as original:
            project = replace(original, raw_data=copy_raw(original))
            if name == "maintenance":
                age(Warehouse(project.warehouse), 38)
            gone = customer if name == "an erasure" else None
            _read_across(project, happens, result, gone)
            if gone:  # it may have waited for the reader, and goes on once that has ended
                _erase(customer, project, check=True)
                result.survived -= _is_there(project, gone)
        yield result


def _read_across(
    project: Project, happens: Callable[[Project], object], result: Result, erased: str | None
) -> None:
    """Read the same rows before and after in one transaction, but for those of an erased person.

    Reads in another process's stead: SQLite in this one must not end the reader's locks.
    """
    query = (
        "select customer_id, score, label, run_id, as_of from lake.marts.churn_predictions_v1"
        " order by customer_id"
    )
    with connect_lake(Warehouse(project.warehouse)) as lake:
        lake.begin()
        before = lake.execute(query).fetchall()
        happens(project)
        try:
            after: list[tuple[Any, ...]] | None = lake.execute(query).fetchall()
        except duckdb.Error as error:
            result.message = f"the reader's error: {str(error).partition(chr(10))[0]}"
            after = None
        lake.rollback()
        now = lake.execute(query).fetchall()
    if after is None:  # files of an erased person must go: then an error is right
        result.survived += bool(erased) and bool(now)
        return
    result.wrong += not is_same_but_for(before, after, erased)
    result.survived += not result.wrong and bool(now)
    result.message = f"{len(before)} rows before and {len(after)} after; now {len(now)}"


def _is_there(project: Project, customer: str) -> bool:
    """Whether predictions of any product name a customer."""
    named = " union all ".join(
        f"select customer_id from lake.predictions.predictions_{product}" for product in PRODUCTS
    )
    [(rows,)] = project.query(f"select count(*) from ({named}) where customer_id = '{customer}'")
    return bool(rows)


def is_same_but_for(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]], erased: str | None
) -> bool:
    """Whether a transaction read the same rows twice; an erased person may be gone from them.

    The first column is the customer's id. An erasure leaves open transactions too, by design.
    """
    remaining = [row for row in before if row[0] != erased]
    return after in (before, remaining)


def _withdraw(project: Project) -> None:
    [(run_id,)] = project.query("select run_id from lake.marts.churn_predictions_v1 limit 1")
    arguments = f"{{run_id: {run_id}, reason: a trial, by: ana}}"
    project.dbt("run-operation", "withdraw_run", "--args", arguments, env=SECOND)


def _erase(customer: str, project: Project, *, check: bool = False) -> None:
    erase = ("erase", customer, "--by", "ana", "--reason", "a trial")
    project.command(*erase, env=SECOND, check=check)
