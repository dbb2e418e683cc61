"""Scores over time: the median and the middle eight tenths, batch by batch."""

from collections.abc import Sequence

import altair as alt

from python_scoring.report import svg, words
from python_scoring.report.contents import Batch, Contents, Contract
from python_scoring.report.figure import Figure, Key, Table, draw

# Up to so many batches each is drawn on its own, beyond it as a continuous band.
_MOST_RANGES = 20
_CROSS = "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5"


def figure(contents: Contents, contract: Contract) -> Figure | None:
    """Median and middle eight tenths of the scores, batch by batch."""
    shown = [
        batch for batch in contents.batches_of(contract.product) if batch.score_p50 is not None
    ]
    if not shown:
        return None
    first, last = shown[0], shown[-1]
    medians = [batch.score_p50 or 0 for batch in shown]
    sentence = (
        f"{words.plural(len(shown), 'batch', 'batches')} from {words.short_slot(first.as_of)} to "
        f"{words.short_slot(last.as_of)}: the median score lay between "
        f"{contract.score(min(medians))} and {contract.score(max(medians))}, and is now "
        f"{contract.score(last.score_p50)}; eight in ten customers now score from "
        f"{contract.score(last.score_p10)} to {contract.score(last.score_p90)}."
    )
    held = [batch for batch in shown if batch.status == "quarantined"]
    if held:
        sentence += (
            f" {words.plural(len(held), 'batch was', 'batches were')} quarantined "
            f"and never reached consumers."
        )
    columns = ("Batch", "Outcome", "Customers", "Lowest tenth up to", "Median", "Nine tenths up to")
    table = Table(
        columns=columns,
        rows=[
            (
                words.slot(batch.as_of),
                words.name(batch.status),
                f"{batch.customers_scored:,}",
                contract.score(batch.score_p10),
                contract.score(batch.score_p50),
                contract.score(batch.score_p90),
            )
            for batch in reversed(shown)
        ],
        numbers=frozenset(columns[2:]),
    )
    legend = [
        Key("━", svg.GOOD, "median"),
        Key("░", svg.GOOD, "middle eight tenths of the customers"),
    ]
    if held:
        legend.append(Key("✕", svg.BAD, "quarantined"))
    return draw(
        _spread_chart(shown), f"{contract.product}-spread", "Scores over time",
        sentence, table, legend,
    )  # fmt: skip


def _spread_chart(shown: Sequence[Batch]) -> svg.AnyChart:
    served = [batch for batch in shown if batch.status != "quarantined"]
    rows = [_spread_row(batch) for batch in served]
    base = alt.Chart(svg.data(rows))
    time = alt.X(
        "as_of:T",
        scale=svg.time_scale(shown[0].as_of, max(shown[-1].as_of, shown[0].as_of)),
        axis=svg.time_axis(grid=False),
    )
    height = alt.Y(
        "p10:Q", scale=alt.Scale(zero=False), axis=alt.Axis(title=None, tickCount=4, format=",~f")
    )
    layers: list[alt.Chart] = []
    if len(served) > _MOST_RANGES:
        layers.append(
            base.mark_area(fill=svg.GOOD, opacity=0.18).encode(x=time, y=height, y2="p90:Q")
        )
        layers.append(base.mark_line(stroke=svg.GOOD, strokeWidth=2).encode(x=time, y="p50:Q"))
    else:
        layers.append(
            base.mark_rule(stroke=svg.GOOD, strokeWidth=9, opacity=0.22, strokeCap="round").encode(
                x=time, y=height, y2="p90:Q"
            )
        )
        layers.append(
            base.mark_point(filled=True, fill=svg.GOOD, size=46, opacity=1).encode(
                x=time, y="p50:Q"
            )
        )
    held = [_spread_row(batch) for batch in shown if batch.status == "quarantined"]
    if held:
        crossed = alt.Chart(svg.data(held))
        layers.append(
            crossed.mark_rule(stroke=svg.BAD, strokeWidth=1).encode(x=time, y=height, y2="p90:Q")
        )
        layers.append(
            crossed.mark_point(
                shape=_CROSS, stroke=svg.BAD, strokeWidth=2, size=60, opacity=1
            ).encode(x=time, y="p50:Q")
        )
    return svg.layered(150, *layers)


def _spread_row(batch: Batch) -> dict[str, object]:
    return {
        "as_of": batch.as_of,
        "p10": batch.score_p10,
        "p50": batch.score_p50,
        "p90": batch.score_p90,
    }
