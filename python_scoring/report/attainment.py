"""SLA attainment: share of slots published in time, against the target."""

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Attainment, Breach, Records

_LEGEND = (
    Key("●", svg.GOOD, "target met"),
    Key("◆", svg.BAD, "target missed"),
    Key("┃", svg.INK, "target"),
)
_LOWEST = 0.9


def figure(records: Records) -> Figure | None:
    """Attainment of each product and window; None if no slot was judged yet."""
    judged = [row for row in records.attainment if row.attainment is not None]
    if not judged:
        return None
    sentence = " ".join(_sentence(records, product) for product in records.products)
    table = Table(
        columns=("Product", "Window", "In time", "Slots", "Attainment", "Target", "Met"),
        rows=[
            (
                formatting.name(row.product),
                f"{row.window_days} days",
                str(row.met),
                str(row.slots),
                formatting.percent(row.attainment),
                formatting.percent(row.target),
                {True: "yes", False: "no", None: formatting.NOTHING}[row.is_met],
            )
            for row in records.attainment
        ],
        numbers=frozenset({"In time", "Slots", "Attainment", "Target"}),
    )
    chart = _chart(judged)
    return draw(chart, "attainment", "Published in time", sentence.strip(), table, _LEGEND)


def _sentence(records: Records, product: str) -> str:
    own = [row for row in records.attainment if row.product == product and row.slots]
    if not own:
        return f"{formatting.name(product)} had no slot to judge yet."
    told = [
        f"{formatting.percent(row.attainment)} of {formatting.plural(row.slots, 'slot')} "
        f"in {row.window_days} days"
        for row in own
    ]
    missed = [f"{row.window_days} days" for row in own if not row.is_met]
    verdict = f"; the target was missed over {formatting.listing(missed)}" if missed else ""
    return (
        f"{formatting.name(product)}: {formatting.listing(told)}, "
        f"target {formatting.percent(own[0].target)}{verdict}."
    )


def _chart(judged: list[Attainment]) -> svg.AnyChart:
    shares = [share for row in judged for share in (row.attainment or 0, row.target)]
    lowest = _LOWEST if min(shares) > _LOWEST else max(0, int(min(shares) * 10 - 0.5) / 10)
    room = 1 + (1 - lowest) * 0.55
    rows = [
        {
            "row": f"{formatting.name(row.product)}, {row.window_days} days",
            "attainment": row.attainment,
            "target": row.target,
            "is_met": "yes" if row.is_met else "no",
            "told": formatting.percent(row.attainment),
            "lowest": lowest,
            "highest": 1,
            "room": room,
        }
        for row in judged
    ]
    base = alt.Chart(svg.data(rows)).encode(
        y=alt.Y(
            "row:N", sort=[str(row["row"]) for row in rows], title=None, axis=alt.Axis(grid=False)
        )
    )
    scale = alt.Scale(domain=[lowest, room], nice=False, zero=False)
    axis = alt.Axis(format="~%", title=None, values=_ticks(lowest), grid=False)
    track = base.mark_rule(stroke=svg.LINE, strokeWidth=5, strokeCap="round").encode(
        x=alt.X("lowest:Q", scale=scale, axis=axis), x2="highest:Q"
    )
    target = base.mark_tick(fill=svg.INK, thickness=2.5, size=18).encode(
        x=alt.X("target:Q", scale=scale)
    )
    dots = base.mark_point(filled=True, size=110, opacity=1, stroke=svg.CARD).encode(
        x=alt.X("attainment:Q", scale=scale),
        shape=alt.Shape(
            "is_met:N", scale=alt.Scale(domain=["yes", "no"], range=["circle", "diamond"]),
            legend=None,
        ),
        fill=alt.Fill(
            "is_met:N", scale=alt.Scale(domain=["yes", "no"], range=[svg.GOOD, svg.BAD]),
            legend=None,
        ),
    )  # fmt: skip
    told = base.mark_text(align="right").encode(x=alt.X("room:Q", scale=scale), text="told:N")
    return svg.layered(26 * len(rows), track, target, dots, told)


def _ticks(lowest: float) -> list[float]:
    step = (1 - lowest) / 2
    return [round(lowest + step * number, 3) for number in range(3)]


def breaches(records: Records) -> Table | None:
    """Missed deadlines and exceeded maximum ages, newest first; None if there are none."""
    shown = [
        breach
        for breach in records.breaches
        if breach.deadline >= records.since or breach.outcome == "open"
    ]
    if not shown:
        return None
    return Table(
        stacked=True,
        columns=("What", "Deadline", "Outcome", "Reason"),
        rows=[
            (
                f"{formatting.name(breach.product)}, {_what(breach)}",
                formatting.moment(breach.deadline),
                _outcome(breach),
                formatting.beginning(breach.reason or formatting.NOTHING),
            )
            for breach in shown
        ],
    )


def _what(breach: Breach) -> str:
    of = formatting.slot(breach.as_of)
    return f"slot {of}" if breach.kind == "slot" else f"{of} served beyond its maximum age"


def _outcome(breach: Breach) -> str:
    late = formatting.hours(breach.hours_late)
    return {
        "late": f"{late} late",
        "missed": f"never published; a newer slot {late} after the deadline",
        "open": f"still open, for {late}",
    }.get(breach.outcome, breach.outcome)
