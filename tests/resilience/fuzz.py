"""Mistakes at random in raw values, contracts, seeds, variables, environment and arguments.

A mistake ends in a message without a traceback, or changes no number.
"""

import csv
import json
import random
import shutil
import subprocess  # noqa: TC003 - of annotations
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import duckdb
import pandas as pd
import yaml

from python_scoring.cli.main import commands
from tests.resilience.trials import (
    SECOND,
    THIRD,
    TRACEBACK,
    Bench,
    Result,
    first_error,
    published_once,
    timed,
    trial,
)
from tests.support import malformed
from tests.support.malformed import ENVIRONMENT
from tests.support.processes import Process
from tests.support.project import Project, copy_of_project

FEATURES = ("--select", "+feature_snapshots")
AS_OF = {**SECOND, "PREDICTION_AS_OF": "2026-11-24"}
LONGEST = 300.0  # seconds of a command; then it hangs
PLAN = ("build",)
HOSTILE = (
    "", " ", "\t", "NULL", "nan", "inf", "-inf", "x", "O'Brien", '"', "'; drop table x; --",
    "{{ 1 / 0 }}", "é\u200b\u0000", "9" * 300, "-0", "1e308", "99999999999999999999.99", "1,5",
    "0x10", "true", "2026-02-30", "0001-01-01", "9999-12-31 23:59:59", "infinity", "12:00",
    "2026-11-01T25:00:00", "2026-11-01T10:00:00+99:00", "1970-01-01T00:00:00Z", "31/12/2026",
)  # fmt: skip
TEXTS = {
    "customers": ("customer_id", "signed_up_at", "country", "loaded_at"),
    "orders": (
        "order_id", "customer_id", "ordered_at", "amount", "quantity", "product_count", "loaded_at",
    ),
    "events": ("event_id", "customer_id", "event_type", "occurred_at", "loaded_at"),
}  # fmt: skip
# Of folders, and of the log; the other variables of the environment are those of every test.
MISTAKES = {
    **ENVIRONMENT,
    "RAW_DATA": ("/nowhere", "/dev/null", "\x01"),
    "WAREHOUSE": ("/dev/null", "/proc/x"),
    "SERVING_DSN": (*ENVIRONMENT["SERVING_DSN"], "postgresql://127.0.0.1:1/x"),
    "BUILD_LOG": ("x",),
}
# Not run: they serve until they are ended.
ENDLESS = ("serve",)
# Texts that are no variables at all, and each malformed value of each variable. An unquoted day
# that no month has is refused by dbt's own YAML.
VARS = (
    "{", "x", "[1]",
    *(json.dumps({name: value}) for name, values in malformed.VARS.items() for value, _ in values),
)  # fmt: skip


def fuzz(bench: Bench, part: float) -> Iterator[Result]:
    """Every kind of mistake, with `part` of the trials of the full run."""
    yield hostile_values(bench, max(2, round(part * 20)))
    yield many_rows_of_one(bench)
    yield environment(bench, part)
    yield arguments(bench, max(10, round(part * 150)))
    yield variables(bench, max(2, round(part * len(VARS))))
    yield from declarations(bench, max(4, round(part * 40)))


def hostile_values(bench: Bench, count: int) -> Result:
    """Values of a tenth of the customers are spoiled; nobody else's features may change."""
    result = Result("hostile raw values")
    with trial(bench, empty=True) as project:
        project.build(*FEATURES, env=AS_OF)
        intact = _features(project)
    customers = sorted(intact)
    for _ in bench.turns(range(count)):
        spoiled = set(bench.random.sample(customers, len(customers) // 10))
        with trial(bench, empty=True) as original:
            raw = original.warehouse.parent / "raw"
            raw.mkdir()
            for table, columns in TEXTS.items():
                frame = pd.read_parquet(bench.intact.raw_data / f"{table}.parquet")
                _spoil(frame, columns, spoiled, bench.random).to_parquet(raw / f"{table}.parquet")
            project = replace(original, raw_data=raw)
            build = project.build(*FEATURES, env=AS_OF, check=False)
            result.tried += 1
            if build.returncode or TRACEBACK in build.stdout:
                result.unnoticed += 1
                result.message = build.stdout[-300:]
                continue
            found = _features(project)
            others = [each for each in customers if each not in spoiled]
            different = [each for each in others if found.get(each) != intact[each]]
            result.wrong += bool(different)
            result.survived += not different
            if different:
                result.message = f"{len(different)} other customers, {different[0]} for one"
    return result


def _spoil(
    frame: pd.DataFrame, columns: tuple[str, ...], spoiled: set[str], chance: random.Random
) -> pd.DataFrame:
    """As text, with a hostile value in a column of each row of some customers."""
    texts = frame.loc[:, list(columns)].astype("string")
    places = [
        number for number, each in enumerate(texts["customer_id"]) if str(each).strip() in spoiled
    ]
    for place in places:
        # An id of somebody else would be a row of theirs.
        column = chance.choice(columns)
        texts.iloc[place, columns.index(column)] = chance.choice(HOSTILE)
    return texts


def _features(project: Project) -> dict[str, str]:
    """A digest of each customer's features."""
    return dict(
        project.query(
            "select customer_id, md5(cast(features as text)) from (select * from"
            " lake.features.feature_snapshots) as features"
        )
    )


def many_rows_of_one(bench: Bench) -> Result:
    """A million orders of one customer: everybody else as ever, in a time that is fit to wait."""
    result = Result("a million rows of one customer", tried=1)
    with trial(bench, empty=True) as project:
        project.build(*FEATURES, env=AS_OF)
        intact = _features(project)
    with trial(bench, empty=True) as original:
        raw = original.warehouse.parent / "raw"
        shutil.copytree(bench.intact.raw_data, raw)
        one = min(intact)
        duckdb.sql(
            "copy (select * from read_parquet('" + str(raw / "orders.parquet") + "') union all"
            f" by name select 'many' || range as order_id, '{one}' as customer_id,"
            " timestamp '2026-11-01' + to_seconds(range) as ordered_at, 1.25::decimal(18, 2)"
            " as amount, 1 as quantity, 1 as product_count, timestamp '2026-11-20' as loaded_at"
            f" from range(1000000)) to '{raw / 'more.parquet'}' (format parquet)"
        )
        (raw / "more.parquet").replace(raw / "orders.parquet")
        project = replace(original, raw_data=raw)
        output: list[Any] = []
        result.seconds.append(
            timed(lambda: output.append(project.build(*FEATURES, env=AS_OF, check=False)))
        )
        if output[0].returncode:
            result.message = first_error(output[0].stdout)
            return result
        found = _features(project)
        different = [each for each in intact if each != one and found.get(each) != intact[each]]
        [(orders, amount)] = project.query(
            "select order_count_30d, revenue_30d from lake.features.feature_snapshots"
            f" where customer_id = '{one}'"
        )
        result.wrong += bool(different) or orders < 1_000_000
        result.survived += not result.wrong
        result.message = f"{orders:,} orders and {amount:,} in 30 days of one"
    return result


def environment(bench: Bench, part: float) -> Result:
    """Each variable with each mistake: refused by name; and with texts at random."""
    result = Result("environment: mistakes")
    cases = [(name, value) for name, values in MISTAKES.items() for value in values]
    cases = bench.random.sample(cases, max(5, round(part * len(cases))))
    with trial(bench) as project:
        for name, value in bench.turns(cases, least=5):
            command = project.dbt(*PLAN, env={**SECOND, name: value}, check=False)
            named = () if name == "SERVING_DSN" else (name, value)
            _judge_refusal(result, f"{name}={value}", command, named)
        if published_once(project) != bench.digests:
            result.lost += 1
    return result


def _judge_refusal(
    result: Result,
    mistake: str,
    command: "subprocess.CompletedProcess[str]",
    named: tuple[str, ...] = (),
) -> None:
    """Count a mistake as survived if the command failed, in words that have one of `named`."""
    result.tried += 1
    if TRACEBACK in command.stdout:
        result.message = f"{mistake}: a traceback"
    elif command.returncode == 0:
        result.unnoticed += 1
        result.message = f"{mistake}: nobody objects"
    elif named and not any(each in command.stdout for each in named):
        result.message = f"{mistake}: {first_error(command.stdout)}"
    else:
        result.survived += 1


def arguments(bench: Bench, count: int) -> Result:
    """Commands with options left out, given twice or hostile: an exit code and a message."""
    result = Result("arguments of commands: mistakes")
    with scratch_project(bench) as project:
        for _ in bench.turns(range(count), least=10):
            line = _command_line(bench.random, project.target)
            output = project.target / "fuzzed.log"
            output.write_bytes(b"")
            process = Process(
                ["python_scoring", *line], project.folder, project.environment(SECOND), output
            )
            result.tried += 1
            try:
                code = process.wait(timeout=LONGEST)
            except TimeoutError:
                process.kill()
                result.message = f"{line}: no end in {LONGEST:g} s"
                continue
            said = output.read_text(errors="replace")
            if TRACEBACK in said or code < 0:
                result.message = f"{line}: {said[-200:]}"
            else:
                result.survived += 1
        if published_once(project) is None:
            result.lost += 1
    return result


def _command_line(chance: random.Random, folder: Path) -> list[str]:
    group: click.Command = commands
    line: list[str] = []
    while isinstance(group, click.Group):
        name = chance.choice([each for each in group.commands if each not in ENDLESS])
        line.append(name)
        group = group.commands[name]
    for parameter in group.params:
        if chance.random() < 0.3:
            continue
        values = [_value(parameter, chance, folder)]
        if isinstance(parameter, click.Option):
            line += [parameter.opts[0], *([] if parameter.is_flag else values)]
        else:
            line += values
    return line


def _value(parameter: click.Parameter, chance: random.Random, folder: Path) -> str:
    """A hostile value, or one that is at least of the kind, so that the next one is looked at."""
    if isinstance(parameter.type, click.Path) or "out" in (parameter.name or ""):
        return chance.choice([str(folder / "out"), str(folder), "/nowhere/x", "\x01", ""])
    plausible = ["churn", "clv", "1.0.3", "2026-08-01", "2026-11-24", "1", "ana", "orders.parquet"]
    values = [*plausible, *(each for each in HOSTILE if "\0" not in each)]
    return chance.choice(values)


def variables(bench: Bench, count: int) -> Result:
    """Variables of dbt that are malformed or of another type."""
    result = Result("variables of dbt: mistakes")
    with trial(bench) as project:
        for text in bench.turns(bench.random.sample(VARS, count), least=2):
            build = project.dbt(*PLAN, "--vars", text, env=SECOND, check=False)
            _judge_refusal(result, text, build)
    return result


@contextmanager
def scratch_project(bench: Bench) -> Iterator[Project]:
    """A copy of project and warehouse that a command may spoil."""
    with trial(bench) as project:
        folder = copy_of_project(project.warehouse.parent)
        project.target.mkdir(parents=True)
        yield replace(project, folder=folder)


def declarations(bench: Bench, count: int) -> list[Result]:
    """A cell of a seed, or a value of a contract: refused, or as if nothing had happened."""
    spoilers: dict[str, Callable[[Path, random.Random], str]] = {
        "seeds: mistakes": _spoil_seed,
        "contracts: mistakes": _spoil_contract,
    }
    results = []
    for name, spoil in spoilers.items():
        result = Result(name)
        results.append(result)
        for _ in bench.turns(range(count // len(spoilers))):
            with scratch_project(bench) as project:
                what = spoil(project.folder, bench.random)
                build = project.build(env=THIRD, check=False)
                result.tried += 1
                if TRACEBACK in build.stdout:
                    result.message = f"{what}: a traceback"
                elif build.returncode == 0 and published_once(project) != bench.third_digests:
                    result.wrong += 1
                    result.message = f"{what}: other predictions, and nobody objects"
                else:
                    result.survived += 1
    return results


def _spoil_seed(folder: Path, chance: random.Random) -> str:
    seeds = ["model_pins", "model_registry", "challenger_pins", "incident_reviews"]
    path = folder / "seeds" / f"{chance.choice(seeds)}.csv"
    with path.open(newline="") as lines:
        rows = list(csv.reader(lines))
    row = chance.randrange(len(rows))
    column = chance.randrange(len(rows[0]))
    kind = chance.choice(["cell", "cell", "cell", "row twice", "short row", "no rows"])
    value = chance.choice([each for each in HOSTILE if "\0" not in each])
    if kind == "cell":
        rows[row][column] = value
    elif kind == "row twice":
        rows.append(list(rows[-1]))
    elif kind == "short row":
        rows[row] = rows[row][:-1]
    else:
        rows = rows[:1]
    with path.open("w", newline="") as lines:
        csv.writer(lines).writerows(rows)
    return f"{path.name} {kind} {row},{column} {value[:20]!r}"


def _spoil_contract(folder: Path, chance: random.Random) -> str:
    product = chance.choice(["churn", "clv", "segmentation"])
    path = folder / "models" / "products" / product / f"_{product}__models.yml"
    content = yaml.safe_load(path.read_text())
    contract = next(
        model["config"]["meta"]["prediction"]
        for model in content["models"]
        if "prediction" in model.get("config", {}).get("meta", {})
    )
    places = list(_places(contract))
    holder, key = chance.choice(places)
    value = chance.choice([None, "x", [1], {"unknown": 1}, float("nan"), [], "{{ 1 / 0 }}"])
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return f"{product}: {key} = {value!r}"


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(pairs):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)
