"""Queries of models for use outside dbt, so that a rule has one definition."""

import jinja2

from python_scoring.project.folder import PROJECT


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
        The model calls something else than `source` and `clock`.

    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 - SQL, not HTML
    template = environment.from_string((PROJECT / "models" / path).read_text())
    return template.render(
        source=lambda schema, table: f"lake.{schema}.{table}", clock=lambda: clock
    )
