"""`make mutate`: one small change at a time in the code that decides; its tests must find each.

Python is changed in its syntax tree, SQL by words: comparisons, constants, joins, and/or, not. The
project is changed in a copy. Prints each change that no test found, and ends with exit code 1 where
they are a tenth or more.
"""

import argparse
import ast
import copy
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from tests.resilience.trials import UNTIL
from tests.support.extensions import trust_installed_extensions
from tests.support.project import Project, copy_of_project

# Modules that decide, and the tests that should find a change.
MODULES = {
    "python_scoring/integrity/data_files.py": ("tests/integration/integrity",),
    "python_scoring/integrity/halves.py": ("tests/integration/integrity",),
    "python_scoring/integrity/catalogue.py": ("tests/integration/integrity",),
    "python_scoring/raw/landing.py": ("tests/end_to_end/raw/test_landing.py",),
    "python_scoring/raw/columns.py": (
        "tests/integration/raw/test_file_names.py",
        "tests/end_to_end/raw/test_landing.py",
    ),
    "python_scoring/raw/files.py": ("tests/end_to_end/raw/test_landing.py",),
    "python_scoring/schedule/calendar.py": ("tests/unit/test_calendar.py",),
    "python_scoring/serving/log_lines.py": ("tests/unit/serving",),
    "python_scoring/contracts/access.py": ("tests/unit/contracts/test_access.py",),
    "python_scoring/contracts/variables.py": ("tests/unit/contracts/test_variables.py",),
    "python_scoring/warehouse/settings.py": ("tests/unit/contracts/test_variables.py",),
    "python_scoring/training/as_ofs.py": ("tests/unit/training",),
    "python_scoring/uncertainty/chance.py": ("tests/unit/uncertainty",),
    "python_scoring/scoring/batches.py": ("tests/unit/scoring",),
    "python_scoring/models/artifacts.py": ("tests/unit/models",),
    "python_scoring/contracts/schema_changes.py": ("tests/unit/contracts",),
    "python_scoring/notifications/retries.py": ("tests/unit/notifications",),
}
# Models that decide; their unit tests stand beside them.
MODELS = {
    "gate": "models/publishing/gate.sql",
    "checks": "models/guardrails/checks.sql",
    "slots_considered": "models/schedule/slots_considered.sql",
    "scoring_plan": "models/schedule/scoring_plan.sql",
    "run_states": "models/schedule/run_states.sql",
    "due_runs": "models/schedule/due_runs.sql",
    "checked_orders": "models/staging/checked_orders.sql",
    "orders_as_of": "models/features/orders_as_of.sql",
    "events_as_of": "models/features/events_as_of.sql",
    "customers_as_of": "models/features/customers_as_of.sql",
    "served_predictions": "models/publishing/served_predictions.sql",
    "prediction_freshness": "models/operations/prediction_freshness.sql",
    "product_states": "models/operations/product_states.sql",
    "incident_changes": "models/operations/recording/incident_changes.sql",
    "run_conditions": "models/operations/recording/run_conditions.sql",
    "slot_outcomes": "models/operations/recording/slot_outcomes.sql",
}
# Tests of cases that go through all views of operations, for models that have few of their own.
CASES = ("tests/integration/operations/test_recording.py",)
TESTED_BY_CASES = ("incident_changes", "run_conditions", "slot_outcomes", "prediction_freshness")
# Of a declaration, and no decision: nothing that is right tries to change an instance.
NO_DECISION = ("frozen", "slots", "kw_only")
WITH_UNIT_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": ""}
LARGEST_SURVIVING_SHARE = 0.1

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
LEFT_OUT = re.compile(r"--[^\n]*|\{[{%#].*?[}%#]\}", re.DOTALL)
WORDS = (
    (r" <= ", " < "),
    (r" < ", " <= "),
    (r" >= ", " > "),
    (r" > ", " >= "),
    (r" <> ", " = "),
    (r" = (?!')", " <> "),
    (r"\band\b", "or"),
    (r"\bor\b", "and"),
    (r"\bleft join\b", "inner join"),
    (r"\binner join\b", "left join"),
    (r"\bnot ", ""),
    (r"\bis not null\b", "is null"),
    (r"\bmax\(", "min("),
    (r"\bmin\(", "max("),
    (r"\bdesc\b", "asc"),
    (r"\b1\b", "2"),
    (r"\b0\b", "1"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
)


@dataclass(frozen=True)
class Mutant:
    """A file with one change."""

    file: str
    line: int
    change: str
    text: str


def of_python(file: str, text: str) -> Iterator[Mutant]:
    """Every change of a module."""
    tree = ast.parse(text)
    left_out = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in NO_DECISION
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in left_out:
            continue
        changed = copy.deepcopy(tree)
        target = next(each for at, each in enumerate(ast.walk(changed)) if at == number)
        if words := _change(target):
            yield Mutant(file, getattr(node, "lineno", 0), words, ast.unparse(changed))


def _change(node: ast.AST) -> str | None:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        before = ast.unparse(node)
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.BoolOp):
        before = ast.unparse(node)
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
        return f"{not node.value} -> {node.value}"
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        node.value += 1
        return f"{node.value - 1} -> {node.value}"
    return None


def of_sql(file: str, text: str) -> Iterator[Mutant]:
    """Every change of a model, but of comments and Jinja."""
    left_out = [
        match.span() for match in re.finditer(r"--[^\n]*|\{[{%#].*?[}%#]\}", text, re.DOTALL)
    ]
    for pattern, replacement in WORDS:
        for match in re.finditer(pattern, text):
            if any(start <= match.start() < end for start, end in left_out):
                continue
            changed = text[: match.start()] + replacement + text[match.end() :]
            line = text.count("\n", 0, match.start()) + 1
            yield Mutant(file, line, f"{match[0].strip()} -> {replacement.strip()}", changed)


def is_found(mutant: Mutant, folder: Path, project: Project) -> bool:
    """Whether a test fails with the change."""
    path = folder / mutant.file
    original = path.read_text()
    path.write_text(mutant.text)
    try:
        if mutant.file in MODULES:
            return _fails(folder, MODULES[mutant.file])
        model = next(name for name, file in MODELS.items() if file == mutant.file)
        selection = f"{model},test_type:unit"
        test = project.dbt("test", "--select", selection, env=WITH_UNIT_TESTS, check=False)
        is_found = test.returncode != 0
        return is_found or (model in TESTED_BY_CASES and _fails(folder, CASES))
    finally:
        path.write_text(original)


def _fails(folder: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    ended = subprocess.run([*command, *tests], cwd=folder, capture_output=True, check=False)
    return ended.returncode != 0


def main() -> None:
    """Try as many changes as were asked for, by chance."""
    parser = argparse.ArgumentParser(prog="make mutate")
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="part of a file's path")
    given = parser.parse_args()
    trust_installed_extensions()
    mutants = [
        mutant
        for file in (*MODULES, *MODELS.values())
        if not given.only or given.only in file
        for mutant in (of_python if file.endswith(".py") else of_sql)(
            file, (PROJECT / file).read_text()
        )
    ]
    chance = random.Random(given.seed)  # noqa: S311 - no secret
    chosen = chance.sample(mutants, min(given.mutants, len(mutants)))
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as scratch:
        folder = copy_of_project(Path(scratch))
        own = Project(
            folder, Path(scratch) / "raw", Path(scratch) / "warehouse", Path(scratch) / "target"
        )
        if any(mutant.file in MODELS.values() for mutant in chosen):
            generate(200, UNTIL, own.raw_data)
            own.build()  # dbt reads the columns of a unit test's inputs from tables
        for mutant in chosen:
            found = is_found(mutant, folder, own)
            sys.stdout.write(f"{'found' if found else 'SURVIVED'}  {mutant.file}:{mutant.line}  ")
            sys.stdout.write(f"{' '.join(mutant.change.split())[:120]}\n")
            sys.stdout.flush()
            survivors += [] if found else [mutant]
    share = len(survivors) / max(1, len(chosen))
    sys.stdout.write(f"{len(survivors)} of {len(chosen)} survived: {share:.0%}\n")
    if share >= LARGEST_SURVIVING_SHARE:
        sys.exit(1)


if __name__ == "__main__":
    main()
