"""Stacked columns, one per batch or run."""

from collections.abc import Sequence
from datetime import datetime

import altair as alt

from python_scoring.report import svg


def stacked_columns(
    instants: Sequence[datetime],
    parts: Sequence[str],
    values: Sequence[tuple[int, str, float]],
    axis_of_values: alt.Axis,
    ends: Sequence[float] | None = None,
) -> svg.AnyChart:
    """Stacked column for each instant; `values` are its number, a part and the part's size.

    The first part is at the bottom and is the faintest. `ends` are those of the axis, where they do
    not follow from the values.
    """
    rows = [
        {"column": column, "part": part, "number": parts.index(part), "value": value}
        for column, part, value in values
    ]
    scale, axis = svg.columns(instants)
    chart = (
        alt.Chart(svg.data(rows))
        .mark_bar(stroke=svg.CARD, strokeWidth=0.6)
        .encode(
            x=alt.X("column:O", scale=scale, axis=axis),
            y=alt.Y(
                "value:Q",
                title=None,
                scale=alt.Scale(nice=False, domain=[*ends] if ends else alt.Undefined),
                axis=axis_of_values,
            ),
            order=alt.Order("number:Q"),
            fill=alt.Fill(
                "part:N",
                scale=alt.Scale(domain=list(parts), range=svg.ramp(len(parts))),
                legend=None,
            ),
        )
    )
    return svg.layered(130, chart)
