"""dbt's manifest of the project: the parts of it that this library reads, with types."""

import json
from pathlib import Path
from typing import Any, TypedDict

from python_scoring.errors import PredictionError


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


def read_manifest(target: Path) -> Manifest:
    """Read the manifest that dbt wrote into its target folder."""
    manifest: Manifest = json.loads((target / "manifest.json").read_text())
    return manifest


def raw_sources(manifest: Manifest) -> dict[str, Source]:
    """Return the raw tables that the project declares, by name, in order."""
    found = manifest["sources"].values()
    named = {each["name"]: each for each in found if each["source_name"] == "raw"}
    return dict(sorted(named.items()))


def feature_types(manifest: Manifest) -> dict[str, str]:
    """Return the type of each declared feature of the snapshots: `number` or `category`."""
    columns = manifest["nodes"]["model.customer_predictions.feature_snapshots"]["columns"]
    return {
        name: "category" if column["data_type"] == "text" else "number"
        for name, column in columns.items()
        if "window" in column["config"]["meta"]
    }


def model_meta(manifest: Manifest, name: str, key: str) -> Any:
    """Return `config.meta.<key>` of a model; raises PredictionError if it is missing."""
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
