"""Single-bit flips over every file that a warehouse keeps: each is noticed, or changes no value.

A flip is noticed where `doctor` names it, which checks by the same functions what a build checks
before it reads or serves a file.
"""

import random
import shutil
from pathlib import Path

import duckdb

from python_scoring.errors import PredictionError
from python_scoring.recovery.doctor import examine
from python_scoring.warehouse import Warehouse, connect_lake
from tests.resilience.trials import Bench, Result, flip, kept_files, trial
from tests.support.project import Project

DIGEST = 'select count(*), bit_xor(md5_number(rows::text)) from lake."{}"."{}" as rows'
TABLES = """
select schema_name, table_name from duckdb_tables() where database_name = 'lake' order by all
"""


def flips(bench: Bench, count: int) -> list[Result]:
    """Flip `count` bits of a copy, one at a time, spread over the kinds of files."""
    with trial(bench) as project:
        return flip_bits(project, bench.random, count)


def flip_bits(project: Project, chance: random.Random, count: int) -> list[Result]:
    """Flip `count` bits of a warehouse, one at a time; afterwards it is as before."""
    results: dict[str, Result] = {}
    contents = values(project)
    files = kept_files(project)
    kinds = sorted({kind(project, path) for path in files})
    for number in range(count):
        name = kinds[number % len(kinds)]
        path = chance.choice([each for each in files if kind(project, each) == name])
        original = path.with_name(f"{path.name}.original")
        shutil.copy2(path, original)
        flip(path, chance.randrange(path.stat().st_size * 8))
        result = results.setdefault(name, Result(f"one bit flipped: {name}"))
        _judge(project, contents, result)
        original.replace(path)
        for leftover in project.warehouse.glob("*-wal"):
            leftover.unlink()
    return [result for _, result in sorted(results.items())]


def _judge(project: Project, contents: dict[str, str] | None, result: Result) -> None:
    result.tried += 1
    problems = [each for each in examine(Warehouse(project.warehouse), quick=False) if each.problem]
    if problems:
        result.survived += 1
        result.message = str(problems[0].problem)
    elif values(project) == contents:
        result.survived += 1
    else:
        result.unnoticed += 1
        result.wrong += 1


def kind(project: Project, path: Path) -> str:
    """What a file is, for the table."""
    parts = path.relative_to(project.warehouse).parts
    return "/".join(parts[:2]) if len(parts) > 2 else "/".join(parts)


def values(project: Project) -> dict[str, str] | None:
    """A digest of each table of the lake; None where one cannot be read."""
    try:
        with connect_lake(Warehouse(project.warehouse)) as lake:
            return {
                f"{schema}.{table}": str(lake.execute(DIGEST.format(schema, table)).fetchall())
                for schema, table in lake.execute(TABLES).fetchall()
            }
    except (duckdb.Error, PredictionError):
        return None
