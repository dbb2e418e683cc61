"""Whole builds for tests, each in a subprocess and in a warehouse of the test."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from python_scoring.project import PROJECT
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.processes import Process, run

NOW = "2026-11-23T07:00:00"  # a Monday, one hour after the data cutoff
PRODUCTS = ("churn", "clv", "segmentation")

# Parts of the project that copies need, for tests that change seeds, contracts or artifacts.
PROJECT_PARTS = (
    "dbt_project.yml",
    "profiles.yml",
    "packages.yml",
    "selectors.yml",
    "without_elementary",
    "macros",
    "models",
    "tests",
    "seeds",
    "python_scoring",
)

CHURN = ("--select", "+path:models/products/churn")
# Models that make and judge a run of churn, in a warehouse that has the rest: views need not be
# made again, and no outcome is due.
CHURN_RUN = ("--select", "+predictions_churn", "+quarantine_churn", "incident_reviews")
# The published tables and all that they are computed from.
PREDICTIONS = ("--select", *(f"+predictions_{product}" for product in PRODUCTS))

# The data tests of a build: none of them, those that end the job with a failure (a quarantined run,
# a missed deadline, an overdue duty, too many rejected rows), or all. No stored row is asserted on
# by the verdicts. The unit tests run once, in test_unit_tests.py.
Tests = Literal["none", "verdicts", "all"]
ASSERTIONS = (
    "accepted_values",
    "not_null",
    "null_rate_below",
    "relationships",
    "stable_distribution",
    "unique",
    "unique_combination",
    "unique_per_run",
    "value_in_contract_range",
)
TESTS = {
    "none": ((), {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test"}),
    "verdicts": (
        ("--exclude", "path:tests/operations", *(f"test_name:{name}" for name in ASSERTIONS)),
        {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"},
    ),
    "all": ((), {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}),
}

LAST_LINES = 60  # lines of a failed command that a test reports

# Variables of the developer's shell that a test must not inherit.
NOT_INHERITED = ("PREDICTION_AS_OF", "SNAPSHOT_AS_OF", "SERVING_DSN", "CODE_VERSION")


@dataclass(frozen=True)
class Project:
    """A project folder with raw data, a warehouse, and a target folder outside the project."""

    folder: Path
    raw_data: Path
    warehouse: Path
    target: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command; an empty PREDICTION_NOW in `extra` is the real clock."""
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        return {
            **inherited,
            "ELEMENTARY": "off",
            "RAW_DATA": str(self.raw_data),
            "WAREHOUSE": str(self.warehouse),
            "PREDICTION_NOW": NOW,
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(self.target / "logs"),
            "BUILD_LOG": "nodes",
            "DBT_LOG_LEVEL_FILE": "none",
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
            **(extra or {}),
        }

    def dbt(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `dbt <args>` to its end; with `check`, a failure raises with the output."""
        return self._run(["dbt", *args], env, check=check)

    def build(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        tests: Tests = "none",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run `dbt build <args>`, and those of its data tests that the test looks at."""
        exclude, environment = TESTS[tests]
        return self.dbt("build", *args, *exclude, env={**environment, **(env or {})}, check=check)

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> Process:
        """Start `dbt <args>` and return at once; its output goes to `<target>/started.log`."""
        self.target.mkdir(parents=True, exist_ok=True)
        log = self.target / "started.log"
        log.write_bytes(b"")
        return Process(["dbt", *args], self.folder, self.environment(env), log)

    def command(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m python_scoring <args>`."""
        return self._run(["python_scoring", *args], env, check=check)

    def module(self, name: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m <name> <args>`, which must succeed."""
        return self._run([name, *args], None, check=True)

    def query(self, sql: str, at: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query on the lake, as a reader sees them: now, or at an instant."""
        with connect_lake(Warehouse(self.warehouse)) as lake:
            if at:
                lake.execute("set variable prediction_now = ?", [at])
            return lake.execute(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """A query on the lake as a data frame."""
        with connect_lake(Warehouse(self.warehouse)) as lake:
            return lake.execute(sql).df()

    def digest(self, relation: str, where: str = "true") -> tuple[int, str]:
        """Number of rows and a digest of their contents, whatever their order."""
        [(count, digest)] = self.query(
            "select count(*), md5(string_agg(row_digest, '' order by row_digest)) from ("
            f"select md5(cast(rows as text)) as row_digest from {relation} as rows where {where})"
        )
        return count, digest

    def _run(
        self, command: list[str], env: Mapping[str, str] | None, *, check: bool
    ) -> subprocess.CompletedProcess[str]:
        result = run(command, self.folder, self.environment(env))
        return checked(result) if check else result


def checked(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return the result of a command; raises AssertionError with its last lines if it failed."""
    if result.returncode != 0:
        command = shlex.join(map(str, result.args))
        last = "\n".join(result.stdout.splitlines()[-LAST_LINES:])
        raise AssertionError(f"`{command}` ended with {result.returncode}; its last lines:\n{last}")
    return result


def accept_raw_files(project: Project) -> None:
    """Accept raw data of another shop or time under the names of landed files."""
    for table in ("customers", "events", "orders"):
        project.command(
            "raw", "accept", "--file", f"{table}.parquet", "--by", "a test", "--reason", "new data"
        )


def copy_of_project(tmp: Path) -> Path:
    """A copy of the project in `tmp`, whose seeds, contracts and artifacts a test may change."""
    folder = tmp / "project"
    folder.mkdir(parents=True)
    for part in PROJECT_PARTS:
        source = PROJECT / part
        if source.is_dir():
            # With the compiled files of Python, which are valid as long as the copy is unchanged.
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("*_cache"))
        elif source.exists():
            shutil.copy2(source, folder / part)
    return folder
