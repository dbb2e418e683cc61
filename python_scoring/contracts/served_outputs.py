"""Outputs that the project serves, from its parsed manifest: versions, columns, replacements.

macros/contracts/outputs.sql reads the same from dbt's graph.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from python_scoring.errors import InputError
from python_scoring.project import PROJECT, Manifest, Node
from python_scoring.project.yaml_files import read_yaml


@dataclass(frozen=True)
class Column:
    """Column as its contract declares it."""

    name: str
    data_type: str
    description: str = ""
    nullable: bool = False


@dataclass(frozen=True)
class Replacement:
    """Content of `config.meta.replaces`: the version that this one replaces, and how to migrate."""

    version: int
    announced_on: date | None
    migration: str


@dataclass(frozen=True)
class ServedOutput:
    """One version of one public output of a product."""

    unique_id: str
    output: str
    version: int
    relation: str
    product: str
    kind: str
    minor: int
    deprecated_on: date | None
    replaces: Replacement | None
    description: str
    columns: tuple[Column, ...]
    tests: tuple[tuple[str, str], ...]  # column, test
    file: str

    @property
    def output_schema_version(self) -> str:
        """The dbt version and, after the dot, the number of compatible changes to it."""
        return f"{self.version}.{self.minor}"

    @property
    def key(self) -> str:
        """The column whose values are unique."""
        return "customer_id" if self.kind == "current" else "prediction_id"


def project_variables() -> dict[str, Any]:
    """Return the vars of dbt_project.yml: the defaults that contracts override."""
    variables: dict[str, Any] = read_yaml(PROJECT / "dbt_project.yml")["vars"]
    return variables


def served_outputs(manifest: Manifest) -> list[ServedOutput]:
    """Return every version of every public output of a product, sorted by name."""
    nodes = [node for node in manifest["nodes"].values() if _is_served(node)]
    return sorted((_output(node, manifest) for node in nodes), key=lambda found: found.relation)


def replacements(served: ServedOutput, outputs: list[ServedOutput]) -> list[ServedOutput]:
    """Return the newer versions that replace this one."""
    return [
        other
        for other in outputs
        if other.output == served.output
        and other.replaces
        and other.replaces.version == served.version
    ]


def _is_served(node: Node) -> bool:
    return (
        node["resource_type"] == "model"
        and node.get("version") is not None
        and node["config"].get("access") == "public"
        and node["fqn"][1] == "products"
    )


def _output(node: Node, manifest: Manifest) -> ServedOutput:
    meta = node["config"]["meta"]
    file = (node["patch_path"] or node["original_file_path"]).split("://")[-1]
    place = f"{file}: {node['name']} version {node['version']}"
    deprecated = node["deprecation_date"]
    return ServedOutput(
        unique_id=node["unique_id"],
        output=node["name"],
        version=int(node["version"]),
        relation=node["alias"],
        product=node["fqn"][2],
        kind="current" if meta.get("prediction") else "history",
        minor=int(meta.get("output_schema_minor", 0)),
        deprecated_on=day(str(deprecated)[:10], f"{place}: deprecation_date"),
        replaces=_replacement(meta.get("replaces"), place),
        description=node["description"].strip(),
        columns=tuple(
            Column(
                name=column["name"],
                data_type=column["data_type"] or "",
                description=column["description"].strip(),
                nullable=bool(column["config"]["meta"].get("nullable")),
            )
            for column in node["columns"].values()
        ),
        tests=_tests(node["unique_id"], manifest),
        file=file,
    )


def _replacement(replaces: dict[str, Any] | None, place: str) -> Replacement | None:
    if replaces is None:
        return None
    if not isinstance(replaces.get("version"), int):
        raise InputError(f"{place}: config.meta.replaces.version is not the number of a version")
    announced = replaces.get("announced_on")
    return Replacement(
        version=replaces["version"],
        announced_on=day(announced, f"{place}: config.meta.replaces.announced_on"),
        migration=str(replaces.get("migration") or "").strip(),
    )


def _tests(unique_id: str, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (str(node["column_name"]), node["test_metadata"]["name"])
            for node in manifest["nodes"].values()
            if node["resource_type"] == "test"
            and node.get("attached_node") == unique_id
            and node.get("column_name")
        )
    )


def day(text: Any, place: str) -> date | None:
    """Parse a day of the YAML or a table; None if it is empty, InputError if it is not a day."""
    if text in (None, "", "None"):
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"{place} is '{text}'; expected a day such as 2027-12-31") from None
