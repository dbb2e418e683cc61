"""Nodes that a build passes over, because it would find them as the last build left them.

dbt spends some 40 ms on each model and test, whether or not it has work for them. Those that
macros/schedule/unchanged.sql finds unchanged end as NO-OP at once, as exposures do.
"""

import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import duckdb
from dbt.artifacts.resources.types import NodeType
from dbt.runners.no_op_runner import NoOpRunner
from dbt.task.base import BaseRunner
from dbt.task.build import BuildTask

from python_scoring.project import PROJECT

DEFINED_IN = ("models", "macros", "seeds", "tests", "python_scoring")
DEFINITIONS = (
    "dbt_project.yml",
    "profiles.yml",
    "packages.yml",
    "package-lock.yml",
    "selectors.yml",
)
SUFFIXES = {".sql", ".yml", ".csv", ".md", ".py", ".json", ".skops"}
LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb", "scikit-learn")
READ_BY_SQL = re.compile(rb"env_var\(\s*'([A-Z_]+)'")
# The plan asks the clock itself whether anything is due, and a warehouse may be moved.
NOT_READ = (b"PREDICTION_NOW", b"WAREHOUSE")

_OWN_RUNNERS: dict[NodeType, Any] = dict(BuildTask.RUNNER_MAP)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `pass_over_nodes(ids)`: the nodes of this build with these ids do nothing.

    `ids` is a JSON list. It returns how many, and holds until it is called again: a process may
    build twice.
    """

    def pass_over_nodes(ids: str) -> int:
        unchanged = frozenset(json.loads(ids))
        runners: dict[NodeType, Any] = {
            kind: _passing_over(own, unchanged) for kind, own in _OWN_RUNNERS.items()
        }
        BuildTask.RUNNER_MAP = runners
        return len(unchanged)

    connection.create_function(
        "pass_over_nodes", pass_over_nodes, ["varchar"], "bigint", side_effects=True
    )


def project_fingerprint(
    code_version: str, variables: dict[str, Any], project: Path = PROJECT
) -> str:
    """SHA-256 of what the tables are made by: files, libraries, variables, environment.

    `variables` are those of the command line. Clock and place of the warehouse are left out.
    """
    definitions, read = definitions_of(project)
    facts = {
        "code_version": code_version,
        "definitions": definitions,
        "environment": {name: os.environ.get(name) for name in read},
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "variables": {name: value for name, value in variables.items() if name != "now"},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def definitions_of(project: Path) -> tuple[str, frozenset[str]]:
    """SHA-256 of a project's files, and the environment variables that their SQL reads."""
    digest = hashlib.sha256()
    names: set[bytes] = set()
    for file in _files(project):
        content = file.read_bytes()
        names.update(READ_BY_SQL.findall(content))
        digest.update(f"{file.relative_to(project)}|{len(content)}|".encode())
        digest.update(content)
    return digest.hexdigest(), frozenset(name.decode() for name in names.difference(NOT_READ))


def _files(project: Path) -> list[Path]:
    below = (file for folder in DEFINED_IN for file in (project / folder).rglob("*"))
    chosen = [file for file in below if file.suffix in SUFFIXES]
    return sorted(chosen + [project / name for name in DEFINITIONS if (project / name).exists()])


class PassedOver(NoOpRunner):
    """A node that is as the last build left it: NO-OP, without a line in the log."""

    def after_execute(self, result: Any) -> None:
        """Say nothing."""


def _passing_over(own: type[BaseRunner], unchanged: Collection[str]) -> Callable[..., BaseRunner]:
    def runner(config: Any, adapter: Any, node: Any, index: int, count: int) -> BaseRunner:
        cls = PassedOver if node.unique_id in unchanged else own
        return cls(config, adapter, node, index, count)

    return runner
