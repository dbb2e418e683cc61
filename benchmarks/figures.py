"""Figures of the SQL: where it stands, how long its pieces are, and files per product.

`python -m benchmarks.figures` prints them next to their limits, and fails where one is not kept.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click

from python_scoring.project import PROJECT

LEAST_RATIO = 2  # lines in models for each line in macros
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


@dataclass(frozen=True)
class Figure:
    """One figure of the SQL, its limit in words, and the pieces that miss it."""

    name: str
    value: int
    limit: str
    beyond: str = ""
    is_kept: bool = True

    def __str__(self) -> str:
        """A line of the table."""
        return (
            f"{self.name:24}{self.value:6}   {self.limit}{': ' if self.beyond else ''}{self.beyond}"
        )


def figures() -> list[Figure]:
    """All figures of the project as its files stand."""
    in_models = sum(lines(file.read_text()) for file in files("models"))
    in_macros = sum(lines(file.read_text()) for file in files("macros"))
    found = macros()
    long_macros = _longer_than(
        LONGEST_MACRO, {name: len(text.splitlines()) for name, text in found.items()}
    )
    queries = [name for name, text in found.items() if returns_query(text)]
    long_models = _longer_than(
        LONGEST_MODEL,
        {file.stem: len(file.read_text().splitlines()) for file in files("models")},
    )
    return [
        Figure("lines of SQL in macros", in_macros, "at most half of those in models",
               is_kept=LEAST_RATIO * in_macros <= in_models),
        Figure("lines of SQL in models", in_models, "at least twice those in macros",
               is_kept=LEAST_RATIO * in_macros <= in_models),
        _none_of(f"macros over {LONGEST_MACRO} lines", long_macros),
        _none_of("macros that are queries", queries),
        _none_of(f"models over {LONGEST_MODEL} lines", long_models),
        *(
            Figure(f"files of {product}", count, f"at most {MOST_FILES}",
                   is_kept=count <= MOST_FILES)
            for product, count in files_per_product().items()
        ),
    ]  # fmt: skip


def main() -> None:
    """Print the figures, each with its limit; exit with 1 where one is not kept."""
    found = figures()
    for figure in found:
        click.echo(str(figure))
    if not all(figure.is_kept for figure in found):
        sys.exit(1)


def _none_of(name: str, found: list[str]) -> Figure:
    return Figure(name, len(found), "none", ", ".join(found), is_kept=not found)


def _longer_than(limit: int, lengths: dict[str, int]) -> list[str]:
    longest_first = sorted(lengths.items(), key=lambda item: -item[1])
    return [f"{name} ({length})" for name, length in longest_first if length > limit]


if __name__ == "__main__":
    main()
