"""Queries of models for use outside dbt, so that a rule has one definition."""

from python_scoring.project import PROJECT
from python_scoring.project.sql_macros import render


def model_query(path: str, clock: str) -> str:
    """The query of a model that reads only tables of the lake.

    Parameters
    ----------
    path
        Its file, within `models/`.
    clock
        The SQL that stands for the clock, for example a literal.

    Raises
    ------
    jinja2.UndefinedError
        The model calls something else than `source`, `clock` and what `render` knows.

    """
    return render(
        (PROJECT / "models" / path).read_text(),
        source=lambda schema, table: f"lake.{schema}.{table}",
        clock=lambda: clock,
    )
