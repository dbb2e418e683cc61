"""Population stability index of the scores, batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw, without_picture
from python_scoring.report.records import Contract, Limit, Records

# The two reference distributions, as checks and readers call them.
_AGAINST = {"former batch": "the batch before", "training reference": "training"}
_KEYS = {
    "former batch": Key("●", svg.GOOD, "against the batch before"),
    "training reference": Key("◇", svg.INK, "against training"),
    "warns": Key("┅", svg.WARN, "the limit that warns"),
    "blocks": Key("━", svg.BAD, "the limit that blocks"),
}


@dataclass(frozen=True)
class Point:
    """Index of one batch against one reference."""

    as_of: datetime
    scope: str
    value: float


@dataclass(frozen=True)
class LimitLine:
    """Limit in the chart: warns or blocks."""

    kind: str
    value: float
    told: str


def figure(records: Records, contract: Contract) -> Figure | None:
    """Index by batch, with the limits near it; None if nothing could be compared."""
    days = {batch.run_id: batch.as_of for batch in records.batches_of(contract.product)}
    points = [
        Point(days[row.run_id], row.scope, row.value)
        for row in records.stability
        if row.run_id in days and row.value is not None
    ]
    if not points:
        return None
    limits = {scope: _limit(records, contract.product, scope) for scope in _AGAINST}
    lines = _lines(limits, max(point.value for point in points))
    sentence = " ".join(
        _sentence(scope, limits[scope], [point for point in points if point.scope == scope])
        for scope in _AGAINST
    )
    values = {(point.as_of, point.scope): point.value for point in points}
    columns = [f"Against {against}" for against in _AGAINST.values()]
    table = Table(
        columns=("Batch", *columns),
        rows=[
            (
                formatting.slot(day),
                *(formatting.number(values.get((day, scope))) for scope in _AGAINST),
            )
            for day in sorted({point.as_of for point in points}, reverse=True)
        ],
        numbers=frozenset(columns),
    )
    if len({point.as_of for point in points}) == 1:
        return without_picture(
            f"{contract.product}-stability", "Stability of the scores", sentence, table
        )
    legend = [_KEYS[kind] for kind in (*_AGAINST, *dict.fromkeys(line.kind for line in lines))]
    return draw(
        _chart(points, lines), f"{contract.product}-stability",
        "Stability of the scores", sentence, table, legend,
    )  # fmt: skip


def _limit(records: Records, product: str, scope: str) -> Limit:
    """Return the limits of a scope: its own, else the general ones."""
    own = {limit.scope: limit for limit in records.limits if limit.product == product}
    return own.get(scope) or own.get("*") or Limit(product, scope, None, None)


def _lines(limits: dict[str, Limit], largest: float) -> list[LimitLine]:
    """Return the warning limits, and those blocking limits that a value came near to."""
    scopes: dict[tuple[str, float], list[str]] = {}
    for scope, limit in limits.items():
        if limit.warn_limit is not None:
            scopes.setdefault(("warns", limit.warn_limit), []).append(scope)
        if limit.block_limit is not None and limit.block_limit <= 2 * largest:
            scopes.setdefault(("blocks", limit.block_limit), []).append(scope)
    return [
        LimitLine(
            kind,
            value,
            f"{kind} above {value:g}"
            + ("" if len(found) == len(limits) else f" against {_AGAINST[found[0]]}"),
        )
        for (kind, value), found in sorted(scopes.items(), key=lambda item: item[0][1])
    ]


def _sentence(scope: str, limit: Limit, points: Sequence[Point]) -> str:
    against = _AGAINST[scope]
    if not points:
        return f"Nothing could be compared with {against}."
    highest = max(points, key=lambda point: point.value)
    text = (
        f"Against {against} the index is {formatting.number(points[-1].value)}, at most "
        f"{formatting.number(highest.value)} ({formatting.short_slot(highest.as_of)})"
    )
    if limit.warn_limit is not None:
        beyond = sum(point.value > limit.warn_limit for point in points)
        count = formatting.plural(beyond, "batch", "batches") if beyond else "no batch"
        text += f", with {count} beyond the warning at {limit.warn_limit:g}"
    return f"{text}."


def _chart(points: Sequence[Point], lines: Sequence[LimitLine]) -> svg.AnyChart:
    days = [point.as_of for point in points]
    top = 1.15 * max(0.05, *(point.value for point in points), *(line.value for line in lines))
    base = alt.Chart(svg.data([vars(point) for point in points])).encode(
        x=alt.X(
            "as_of:T",
            scale=svg.time_scale(min(days), max(days), padding=4),
            axis=svg.time_axis(grid=False),
        ),
        y=alt.Y(
            "value:Q",
            scale=alt.Scale(domain=[0, top], nice=False),
            axis=alt.Axis(title=None, tickCount=4, format=",~f"),
        ),
    )
    size = 28 if len(points) <= 2 * 45 else 10
    former = base.transform_filter("datum.scope === 'former batch'")
    training = base.transform_filter("datum.scope === 'training reference'")
    limits = alt.Chart(svg.data([vars(line) for line in lines])).encode(y="value:Q")
    kinds = ["warns", "blocks"]
    rule = limits.mark_rule(strokeWidth=1.5).encode(
        stroke=alt.Stroke(
            "kind:N", scale=alt.Scale(domain=kinds, range=[svg.WARN, svg.BAD]), legend=None
        ),
        strokeDash=alt.StrokeDash(
            "kind:N", scale=alt.Scale(domain=kinds, range=[[4, 3], [1, 0]]), legend=None
        ),
    )
    told = limits.mark_text(align="left", x=4, dy=-6, fill=svg.MUTED).encode(text="told:N")
    layers = [
        training.mark_line(stroke=svg.MUTED, strokeWidth=1),
        training.mark_point(
            shape="diamond", filled=True, fill=svg.CARD, stroke=svg.MUTED, size=size, opacity=1
        ),
        former.mark_line(stroke=svg.GOOD, strokeWidth=1.5),
        former.mark_point(filled=True, fill=svg.GOOD, size=size, opacity=1),
        rule,
        told,
    ]
    return svg.layered(140, *layers)
