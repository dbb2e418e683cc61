"""Queries of models and tests for use outside dbt, so that a rule has one definition."""

import re

from python_scoring.project import PROJECT
from python_scoring.project.sql_macros import render

TEST_TAGS = re.compile(r"\{%-?\s*(test\s.*?|endtest)\s*-?%\}")


def model_query(path: str, clock: str = "null", **names: object) -> str:
    """The query of a model that reads only tables of the lake.

    Parameters
    ----------
    path
        Its file, within `models/`.
    clock
        The SQL that stands for the clock, for example a literal.
    names
        Further functions and variables that the model reads; `source` replaces that of the lake.

    Raises
    ------
    jinja2.UndefinedError
        The model calls something else than `source`, `clock`, `names` and what `render` knows.

    """
    known = {"source": lambda schema, table: f"lake.{schema}.{table}", "clock": lambda: clock}
    return render((PROJECT / "models" / path).read_text(), **{**known, **names})


def test_query(name: str, **names: object) -> str:
    """The query of a generic test, whose arguments are among `names`."""
    text = (PROJECT / "tests" / "generic" / f"{name}.sql").read_text()
    return render(TEST_TAGS.sub("", text), **names)
