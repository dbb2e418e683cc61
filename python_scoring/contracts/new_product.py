"""New product: a folder under models/products/, copied from the pattern of another product."""

import keyword
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb
import yaml

from python_scoring.contracts.served_outputs import project_variables
from python_scoring.errors import ArgumentError
from python_scoring.project import PROJECT

PRODUCTS = Path("models/products")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_NAME = 30  # PostgreSQL cuts names after 63 bytes: <name>_prediction_history_v1 has to fit
WIDTH = 110

# Words that YAML reads as something else than a text.
YAML_WORDS = ("yes", "no", "on", "off", "true", "false", "null", "none", "y", "n")
SCHEMAS = ("lake", "marts", "predictions", "registry", "serving", "elementary", "raw")

# A product's models are named <kind>_<product>; those of the shared folders are made for each.
KINDS = (
    "candidates", "challengers", "challenger_scores", "checks", "outcome_checks", "predictions",
    "quarantine", "training",
)  # fmt: skip
SHARED = ("guardrails", "publishing", "challengers", "outcomes")


@dataclass(frozen=True)
class Texts:
    """Texts of a contract that a new product must state itself.

    `title` is the product in a few words, at the beginning of descriptions. `intended_use` are keys
    of `usage_contexts` in dbt_project.yml. The other fields are keys of the contract.
    """

    title: str
    meaning: str
    population: str
    intended_use: Sequence[str]
    not_to_be_used_for: str
    known_limitations: str
    uncertainty: str
    default_reason: str
    owner: str


def texts_of(product: str, project: Path = PROJECT) -> Texts:
    """Return the texts of an existing product; raises ArgumentError if there is no such product."""
    mart = _mart(product, project)
    contract = mart["config"]["meta"]["prediction"]
    return Texts(
        title=mart["description"].split(":")[0].strip(),
        meaning=contract["meaning"].strip(),
        population=contract["eligible_population"]["description"].strip(),
        intended_use=contract["intended_use"],
        not_to_be_used_for=contract["not_to_be_used_for"].strip(),
        known_limitations=contract["known_limitations"].strip(),
        uncertainty=contract["uncertainty"]["meaning"].strip(),
        default_reason=contract["conservative_default"]["reason"].strip(),
        owner=contract["sla"]["owner"],
    )


def check_name(name: str, project: Path = PROJECT) -> None:
    """Raise ArgumentError for a name that models, tables or roles cannot have, or that is taken."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ArgumentError(
            f"NAME '{name}': expected up to {LONGEST_NAME} small letters, digits and single "
            "underscores, a letter first, such as winback"
        )
    if name in _reserved_words(project):
        raise ArgumentError(
            f"NAME '{name}' is a reserved word of SQL, Python or YAML, or a folder or schema of "
            "this project. Choose another name, such as winback"
        )
    products = {each.name for each in (project / PRODUCTS).iterdir() if each.is_dir()}
    taken = {file.stem for file in (project / "models").rglob("*.*")}
    taken |= {file.stem for file in (project / "seeds").glob("*.csv")}
    taken |= {table for product in products for table in _tables_of(product, project)}
    if same := taken & {name, *_tables_of(name, project)}:
        raise ArgumentError(
            f"NAME '{name}' is taken: the project has {', '.join(sorted(same)[:3])} already. "
            "Choose another name"
        )


def _reserved_words(project: Path) -> set[str]:
    """Words of SQL, Python and YAML with a meaning, and folders and schemas of the project."""
    with duckdb.connect() as connection:
        reserved = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    folders = {each.name for each in (project / "models").rglob("*") if each.is_dir()}
    products = {each.name for each in (project / PRODUCTS).iterdir()}
    return {
        *(word for (word,) in reserved),
        *map(str.lower, keyword.kwlist),
        *YAML_WORDS,
        *SCHEMAS,
        *(folders - products),
    }


def _tables_of(product: str, project: Path) -> set[str]:
    """Names of the models and working tables of a product, present or future."""
    shared = {
        file.stem for folder in SHARED for file in (project / "models" / folder).glob("*.sql")
    }
    own = {f"{kind}_{product}" for kind in (*KINDS, *shared)}
    return own | {f"{product}_predictions", f"{product}_prediction_history"}


def write_product(name: str, source: str, texts: Texts, project: Path = PROJECT) -> list[Path]:
    """Write the folder of the product `name` from that of `source`; returns its files, sorted.

    The mart starts with version 1. Raises ArgumentError with every finding, and writes nothing, if
    a text is missing or a usage context is unknown.
    """
    check_name(name, project)
    former = texts_of(source, project)
    if findings := list(_findings(texts)):
        raise ArgumentError("\n".join(findings))
    folder = project / PRODUCTS / name
    written = {}
    for file in sorted((project / PRODUCTS / source).glob("*.*")):
        if re.search(r"_v(?!1\b)\d+$", file.stem):
            continue  # a new mart has no earlier version
        text = _renamed(file.read_text(), source, name)
        if file.suffix == ".yml":
            text = _with_texts(text, texts, former, source, name)
        written[folder / _renamed(file.name, source, name)] = text
    folder.mkdir()
    try:
        for path, text in written.items():
            path.write_text(text)
    except OSError:
        shutil.rmtree(folder)
        raise
    return sorted(written)


def _findings(texts: Texts) -> Iterator[str]:
    for field in fields(texts):
        if not getattr(texts, field.name):
            yield f"{field.name} is missing: a contract leaves nothing empty"
    if texts.owner and not re.fullmatch(r"[\w.-]+", texts.owner):
        yield f"owner is '{texts.owner}'; expected letters, digits, -, _ and ., such as crm"
    contexts = project_variables()["usage_contexts"]
    for context in texts.intended_use:
        if context not in contexts:
            yield (
                f"intended_use names {context}; expected {', '.join(contexts)}, or a new one under "
                "usage_contexts in dbt_project.yml"
            )


def _mart(product: str, project: Path) -> dict[str, Any]:
    file = project / PRODUCTS / product / f"_{product}__models.yml"
    if not file.is_file():
        found = sorted(each.name for each in (project / PRODUCTS).iterdir() if each.is_dir())
        raise ArgumentError(f"--from {product}: expected one of {', '.join(found)}")
    models = yaml.safe_load(file.read_text())["models"]
    mart: dict[str, Any] = next(each for each in models if each["name"] == f"{product}_predictions")
    return mart


def _renamed(text: str, source: str, name: str) -> str:
    """Replace the product's name where it is a whole word or part of a name."""
    return re.sub(rf"(?<![A-Za-z0-9]){source}(?![A-Za-z0-9])", name, text)


def _with_texts(text: str, texts: Texts, former: Texts, source: str, name: str) -> str:
    for key, value in (
        ("meaning", texts.meaning),
        ("not_to_be_used_for", texts.not_to_be_used_for),
        ("known_limitations", texts.known_limitations),
    ):
        text = _replaced(text, 10, key, value)
    text = _replaced(text, 12, "meaning", texts.uncertainty)
    text = _replaced(text, 12, "description", texts.population)
    text = _replaced(text, 12, "reason", texts.default_reason)
    text = _once(r"(?m)^( {10}intended_use: ).*$", f"[{', '.join(texts.intended_use)}]", text)
    text = _once(r"(?m)^( {10}sla:\s+\{?owner: )[^,}\n]+", texts.owner, text)
    text = _once(r"(?m)^( {4}latest_version: )\d+$", "1", text)
    versions = re.compile(r"(?m)^ {4}versions:\n(?: {6}.*\n)+")
    text = versions.sub("    versions:\n      - v: 1\n", text)
    title = _renamed(former.title, source, name)
    text = text.replace(title, texts.title)
    return text.replace(title[0].lower() + title[1:], texts.title[0].lower() + texts.title[1:])


def _replaced(text: str, indent: int, key: str, value: str) -> str:
    """Replace the first such key of the contract, with the value as a folded block."""
    start = text.index("        prediction:\n")
    pattern = re.compile(rf"(?m)^ {{{indent}}}{key}: .*\n(?: {{{indent + 1},}}.*\n)*")
    block = textwrap.indent(textwrap.fill(value, WIDTH - indent), " " * (indent + 2))
    found = f"{' ' * indent}{key}: >\n{block}\n"
    return text[:start] + pattern.sub(lambda _: found, text[start:], count=1)


def _once(pattern: str, value: str, text: str) -> str:
    return re.sub(pattern, lambda found: found.group(1) + value, text, count=1)
