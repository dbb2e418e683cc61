"""SQL expressions of the dbt macros for queries outside dbt, so that a rule has one definition."""

import functools
from collections.abc import Callable

import jinja2

from python_scoring.project import PROJECT

# Files whose macros need neither the manifest nor an adapter.
FILES = (
    "environment/expressions.sql",
    "features/row_text.sql",
    "operations/freshness.sql",
    "raw_data/cleaning.sql",
    "schedule/slots.sql",
)
HALVES = {"first_sum": 1, "second_sum": 2}


def expression(macro: str, *arguments: object) -> str:
    """The SQL that a macro of `FILES` renders for its arguments.

    Parameters
    ----------
    macro
        Its name, for example `prediction_id`.
    arguments
        What a model would call it with, for example the names of columns, or the declaration of a
        raw table in the manifest.

    Raises
    ------
    KeyError
        No such macro stands in `FILES`.

    """
    rendered: str = _macros()[macro](*arguments)
    return rendered


def render(text: str, **names: object) -> str:
    """A text of SQL with its calls of macros, between double braces, replaced by what they render.

    `names` are functions and values that the text and the macros may read as well. Raises
    `jinja2.UndefinedError` where it calls a macro that does not stand in `FILES`.
    """
    macros = vars(_definitions().make_module(names))
    return _environment().from_string(text).render(macros | names)


def digest_sums() -> dict[str, str]:
    """Return the SQL of `first_sum`, `second_sum` and `input_digest` over a column `row_text`."""
    sums = {name: expression("md5_sum", "row_text", half) for name, half in HALVES.items()}
    return {**sums, "input_digest": expression("input_digest", *sums.values())}


@functools.cache
def _macros() -> dict[str, Callable[..., str]]:
    return vars(_definitions().module)


@functools.cache
def _definitions() -> jinja2.Template:
    text = "\n".join((PROJECT / "macros" / file).read_text() for file in FILES)
    return _environment().from_string(text)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)  # noqa: S701 - SQL, not HTML
