"""Figures of the SQL: where it stands, how long its pieces are, and files per product.

`python -m benchmarks.figures` prints them beside their targets.
"""

import re
from collections import Counter
from pathlib import Path

import click

from python_scoring.project import PROJECT

LONGEST_MACRO = 40  # lines, from `macro` to `endmacro`
LONGEST_MODEL = 80
MOST_FILES = 12  # per product

MACRO = re.compile(r"\{%-?\s*macro (\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
NO_SQL = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{ 'union all'.*?\}\}|\s+|--[^\n]*", re.DOTALL)
QUERY = re.compile(r"\(? ?(with|select)\b.*\bfrom\b")


def lines(text: str) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())


def macros() -> dict[str, str]:
    """The text of each macro by its name."""
    return {
        found.group(1): found.group(0)
        for file in sorted((PROJECT / "macros").rglob("*.sql"))
        for found in MACRO.finditer(file.read_text())
    }


def returns_query(macro: str) -> bool:
    """Whether the SQL of a macro is a query on a relation, and no expression or other statement."""
    body = macro[macro.index("%}") + 2 :]
    return bool(QUERY.match(NO_SQL.sub(" ", body).lstrip()))


def files(folder: str) -> list[Path]:
    """The SQL files below a folder of the project."""
    return sorted((PROJECT / folder).rglob("*.sql"))


def files_per_product() -> dict[str, int]:
    """Files below models/products, by product."""
    products = PROJECT / "models" / "products"
    counts = Counter(
        file.relative_to(products).parts[0] for file in products.rglob("*") if file.is_file()
    )
    return {name: count for name, count in sorted(counts.items()) if (products / name).is_dir()}


def main() -> None:
    """Print the figures, each with its target and with what misses it."""
    in_models = sum(lines(file.read_text()) for file in files("models"))
    in_macros = sum(lines(file.read_text()) for file in files("macros"))
    click.echo(f"lines of SQL in models   {in_models:6}   at least twice those in macros")
    click.echo(f"lines of SQL in macros   {in_macros:6}")
    found = macros()
    long_macros = {
        name: length
        for name, text in found.items()
        if (length := len(text.splitlines())) > LONGEST_MACRO
    }
    queries = [name for name, text in found.items() if returns_query(text)]
    long_models = {
        file.stem: length
        for file in files("models")
        if (length := len(file.read_text().splitlines())) > LONGEST_MODEL
    }
    click.echo(
        f"macros over {LONGEST_MACRO} lines     {len(long_macros):6}   0: {_listed(long_macros)}"
    )
    click.echo(f"macros that are queries  {len(queries):6}   0: {', '.join(queries)}")
    click.echo(
        f"models over {LONGEST_MODEL} lines     {len(long_models):6}   0: {_listed(long_models)}"
    )
    for product, count in files_per_product().items():
        click.echo(f"files of {product:16}{count:6}   at most {MOST_FILES}")


def _listed(lengths: dict[str, int]) -> str:
    longest_first = sorted(lengths.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} ({length})" for name, length in longest_first)


if __name__ == "__main__":
    main()
