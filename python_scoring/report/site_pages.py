"""Pages of the docs site, for mkdocs: those of docs/ and of the root, and the generated reference.

The reference is generated from what the code declares: commands from click, variables from
dbt_project.yml and their types, products, tables and columns from dbt's manifest, the contract from
its JSON schema. So no page of it can be out of date.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from python_scoring.contracts.contract import Contract
from python_scoring.contracts.served_outputs import project_variables, served_outputs
from python_scoring.contracts.variables import Variables
from python_scoring.errors import InputError
from python_scoring.project import PROJECT, Manifest
from python_scoring.report.docs_page import contract_in_words, in_a_table, products_table

# Pages of the project's root; README is the first page of the site.
ROOT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
}
VARIABLES = """
The vars of `dbt_project.yml`, which has the reason of each default. For a build,
`dbt build --vars '{name: value}'` overrides one. A malformed one stops every build before it does
anything.
[Settings](../settings.md) has the environment variables.
""".strip()
TABLES = """
Tables and views of the lake, for readers that attach it as `lake`. dbt's docs
(`target/static_index.html` after `make docs`) have every model, with its lineage.
""".strip()
CONTRACT = """
What `config.meta.prediction` of a product's mart may say. For editors there is the JSON schema,
[contract.schema.json](../contract.schema.json), and for consumers
[exposures.schema.json](../exposures.schema.json).
""".strip()
# Links of dbt's own page, to a model there.
DBT_LINK = re.compile(r"\[([^\]]+)\]\(#!/[^)]*\)")


def write_pages(folder: Path, target: Path, commands: click.Group) -> list[Path]:
    """Write the source of the site into an empty or former `folder`, for `mkdocs build`.

    Parameters
    ----------
    folder
        Folder of the pages; what it holds is replaced.
    target
        Folder that `dbt docs generate` wrote into.
    commands
        The command line, for its reference.

    Returns
    -------
    list[Path]
        The generated pages.

    Raises
    ------
    InputError
        dbt's manifest is missing, or `folder` holds something else than such pages.

    """
    try:
        manifest: Manifest = json.loads((target / "manifest.json").read_text())
    except FileNotFoundError as error:
        raise InputError(
            f"{error.filename} does not exist: run `dbt docs generate` first, or `make docs`"
        ) from None
    if folder.exists():
        if any(folder.iterdir()) and not (folder / "reference").is_dir():
            raise InputError(f"--pages {folder} holds other files: name a folder of its own")
        shutil.rmtree(folder)
    shutil.copytree(PROJECT / "docs", folder, ignore=shutil.ignore_patterns("*.txt"))
    for page in folder.glob("*.md"):
        page.write_text(page.read_text().replace("](../", "]("))
    for source, page_name in ROOT.items():
        text = (PROJECT / source).read_text().replace("](docs/", "](")
        (folder / page_name).write_text(text.replace("](README.md", "](index.md"))
    pages = {
        "commands": commands_page(commands),
        "variables": variables_page(),
        "products": products_page(manifest),
        "tables": tables_page(manifest),
        "contract": contract_page(),
    }
    (folder / "reference").mkdir()
    for name, text in pages.items():
        (folder / "reference" / f"{name}.md").write_text(text)
    return [folder / "reference" / f"{name}.md" for name in pages]


def commands_page(commands: click.Group) -> str:
    """Return the help of every command, as the terminal shows it."""
    parts = [
        "# Commands",
        "Each is called as `customer-predictions <command>`, here with the text of its `--help`.",
    ]
    for path, command in _all_commands(commands):
        context = click.Context(command, info_name=" ".join(("customer-predictions", *path)))
        parts += [f"## {' '.join(path)}", f"```text\n{command.get_help(context)}\n```"]
    return _page(parts)


def _all_commands(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in sorted(group.commands):
        command = group.commands[name]
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from _all_commands(command, (*above, name))


def variables_page() -> str:
    """Return the vars of dbt_project.yml, with format and default."""
    defaults = project_variables()
    rows = [
        (f"`{name}`", field.description or "", _default(defaults.get(name)))
        for name, field in sorted(Variables.model_fields.items())
    ]
    return _page(
        [
            "# Variables",
            VARIABLES,
            in_a_table(("variable", "expected", "default"), rows),
        ]
    )


def _default(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, default=str)
    return f"`{text}`" if len(text) <= 60 else "in `dbt_project.yml`"  # noqa: PLR2004 - characters


def products_page(manifest: Manifest) -> str:
    """Return the contract of each served version, in words."""
    parts = ["# Contracts of the products", _without_dbt_links(products_table(manifest))]
    for served in served_outputs(manifest):
        parts += [f"## {served.relation}", _without_dbt_links(contract_in_words(manifest, served))]
    return _page(parts)


def tables_page(manifest: Manifest) -> str:
    """Return the tables of the lake: what dbt's YAML says of them and of each column."""
    parts = [
        "# Tables",
        TABLES,
    ]
    nodes: list[Any] = list(manifest["nodes"].values())  # with keys that others do not read
    sources: list[Any] = list(manifest["sources"].values())
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for node in nodes:
        is_table = node["resource_type"] in ("model", "seed")
        is_table &= node["config"].get("materialized") != "ephemeral"
        if is_table and node["database"] == "lake":
            name = f"lake.{node['schema']}.{node['alias']}"
            found[name] = (node["description"], node["columns"])
    for source in sources:
        if source["database"] == "lake":
            name = f"lake.{source['schema']}.{source['name']}"
            found[name] = (source["description"], source["columns"])
    for relation, (description, columns) in sorted(found.items()):
        rows = [
            (f"`{column['name']}`", column.get("data_type") or "", column.get("description") or "")
            for column in columns.values()
        ]
        parts += [f"## {relation}", _without_dbt_links(description.strip())]
        if rows:
            parts.append(_without_dbt_links(in_a_table(("column", "type", "meaning"), rows)))
    return _page(parts)


def contract_page() -> str:
    """Return what a contract may say, from its JSON schema."""
    schema = Contract.model_json_schema()
    parts = [
        "# Contract",
        CONTRACT,
    ]
    definitions = {"Contract": schema, **schema.get("$defs", {})}
    for name, definition in definitions.items():
        if "properties" not in definition:
            continue
        required = set(definition.get("required", ()))
        rows = [
            (
                f"`{key}`",
                _kind(one),
                "yes" if key in required else "",
                str(one.get("description", "")),
            )
            for key, one in definition["properties"].items()
        ]
        parts += [f"## {name}", str(definition.get("description", ""))]
        parts.append(in_a_table(("key", "type", "required", "meaning"), rows))
    return _page(parts)


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a property in words, with a link where another section declares it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        return f"map of {_kind(extra)}"
    return str(schema.get("type", "any"))


def _without_dbt_links(text: str) -> str:
    return DBT_LINK.sub(r"\1", text)


def _page(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
