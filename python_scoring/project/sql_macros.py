"""Expressions of the dbt macros for SQL that runs without dbt: a rule has one definition."""

import functools
from collections.abc import Callable

import jinja2

from python_scoring.project import PROJECT

# Macros that need neither the manifest nor an adapter.
FILES = ("environment/expressions.sql", "features/row_text.sql", "schedule/slots.sql")
HALVES = {"first_sum": 1, "second_sum": 2}


def expression(macro: str, *arguments: object) -> str:
    """The SQL that a macro of `FILES` renders for its arguments.

    Parameters
    ----------
    macro
        Its name, for example `prediction_id`.
    arguments
        What a model would call it with, for example the names of columns.

    Raises
    ------
    KeyError
        No such macro stands in `FILES`.

    """
    rendered: str = _macros()[macro](*arguments)
    return rendered


def digest_sums() -> dict[str, str]:
    """SQL of the sums that digests of rows are made of: `first_sum` and `second_sum`.

    Aggregates of a column `row_text`, to be put into templates.
    """
    return {name: expression("md5_sum", "row_text", half) for name, half in HALVES.items()}


@functools.cache
def _macros() -> dict[str, Callable[..., str]]:
    text = "\n".join((PROJECT / "macros" / file).read_text() for file in FILES)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
    return vars(environment.from_string(text).module)
