"""The dbt project: its folder, its manifest, and dbt commands run in processes of their own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TypedDict

from python_scoring.errors import PredictionError

PROJECT = Path(__file__).resolve().parent.parent


class Node(TypedDict):
    """A model, seed or test of dbt's manifest: the keys that this library reads."""

    unique_id: str
    name: str
    alias: str
    resource_type: str
    fqn: list[str]
    version: Any
    latest_version: Any
    deprecation_date: Any
    description: str
    patch_path: str | None
    original_file_path: str
    raw_code: str
    config: dict[str, Any]
    columns: dict[str, Any]
    depends_on: dict[str, list[str]]
    attached_node: str
    column_name: str | None
    test_metadata: dict[str, Any]
    meta: dict[str, Any]


class Source(TypedDict):
    """A source table of dbt's manifest."""

    name: str
    source_name: str
    config: dict[str, Any]
    columns: dict[str, Any]


class Exposure(TypedDict):
    """A consumer, as dbt's manifest has it."""

    unique_id: str
    name: str
    label: str | None
    description: str
    maturity: Any
    owner: dict[str, Any]
    original_file_path: str
    config: dict[str, Any]
    depends_on: dict[str, list[str]]
    meta: dict[str, Any]


class Manifest(TypedDict):
    """dbt's manifest of the parsed project, by unique id: the parts that this library reads."""

    nodes: dict[str, Node]
    sources: dict[str, Source]
    exposures: dict[str, Exposure]
    macros: dict[str, Any]
    docs: dict[str, Any]


def run_dbt(
    arguments: list[str],
    environment: dict[str, str],
    *,
    quiet: bool = False,
    project: Path = PROJECT,
) -> None:
    """Run `dbt <arguments>` in the project; raises PredictionError where it fails.

    `environment` is added to the present one. With `quiet` the output appears only after a failure.
    """
    environment = {**_without_missing_packages(), **os.environ, **environment}
    result = dbt_process(arguments, environment, project, quiet=quiet)
    if result.returncode != 0:
        output = f"\n{result.stdout}" if quiet else " The output above says why."
        raise PredictionError(f"`dbt {' '.join(arguments)}` failed.{output}")


def dbt_process(
    arguments: list[str], environment: dict[str, str], folder: Path, *, quiet: bool
) -> subprocess.CompletedProcess[str]:
    """`dbt <arguments>` in a process of its own; with `quiet` what it printed is in the result."""
    return subprocess.run(  # noqa: S603 - dbt of this Python, without a shell
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )


def _without_missing_packages() -> dict[str, str]:
    """The set-up could not install Elementary where the package hub is out of reach."""
    return {} if (PROJECT / "dbt_packages" / "elementary").exists() else {"ELEMENTARY": "off"}


def read_manifest(target: Path) -> Manifest:
    """The manifest that dbt wrote into its target folder."""
    manifest: Manifest = json.loads((target / "manifest.json").read_text())
    return manifest


def parsed_manifest(scratch: Path | None = None) -> Manifest:
    """The manifest of the project as its files stand now; touches neither warehouse nor target.

    A build in the same `scratch` (as WAREHOUSE, with `target` below it) need not parse again.
    """
    if scratch is None:
        with tempfile.TemporaryDirectory(prefix="parse-") as folder:
            return parsed_manifest(Path(folder))
    target = scratch / "target"
    run_dbt(["parse", "--target-path", str(target)], {"WAREHOUSE": str(scratch)}, quiet=True)
    return read_manifest(target)


def raw_sources(manifest: Manifest) -> dict[str, Source]:
    """The raw tables as the project declares them, by name, in order."""
    found = manifest["sources"].values()
    named = {each["name"]: each for each in found if each["source_name"] == "raw"}
    return dict(sorted(named.items()))


def feature_types(manifest: Manifest) -> dict[str, str]:
    """The declared features of the snapshots, each `number` or `category`."""
    columns = manifest["nodes"]["model.customer_predictions.feature_snapshots"]["columns"]
    return {
        name: "category" if column["data_type"] == "text" else "number"
        for name, column in columns.items()
        if "window" in column["config"]["meta"]
    }


def model_meta(manifest: Manifest, name: str, key: str) -> Any:
    """`config.meta.<key>` of a model; raises PredictionError where there is none."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and name in (node["name"], node["alias"]):
            meta = node["config"]["meta"].get(key)
            if meta is not None:
                return meta
    found = sorted(
        node["alias"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["meta"].get(key) is not None
    )
    raise PredictionError(
        f"the project has no model {name} with config.meta.{key}; expected one of "
        f"{', '.join(found) or 'a model that has it, in its YAML'}"
    )


def code_version() -> str:
    """The commit that is checked out, with `-dirty` after it where files differ from it."""
    if given := os.environ.get("CODE_VERSION"):
        return given
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command, without a shell
            command, cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return result.stdout.strip()
