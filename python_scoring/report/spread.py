"""Scores over time: the median and the 10% to 90% quantiles, batch by batch."""

from collections.abc import Sequence

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw, without_picture
from python_scoring.report.records import Batch, Contract, Records

# Up to that many batches are drawn singly, more as a continuous band.
_MOST_RANGES = 20
_CROSS = "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5"


def figure(records: Records, contract: Contract) -> Figure | None:
    """Median and the 10% to 90% quantiles of the scores, batch by batch."""
    shown = [batch for batch in records.batches_of(contract.product) if batch.score_p50 is not None]
    if not shown:
        return None
    first, last = shown[0], shown[-1]
    medians = sorted(batch.score_p50 or 0 for batch in shown)
    lowest, highest = contract.score(medians[0]), contract.score(medians[-1])
    now = contract.score(last.score_p50)
    lay = f"lay between {lowest} and {highest}, and is now {now}"
    if lowest == highest:
        lay = f"was {lowest} in each"
    middle = f"{contract.score(last.score_p10)} to {contract.score(last.score_p90)}"
    sentence = (
        f"{formatting.short_slot(last.as_of)}, the only batch: the median score is {now}, and "
        f"eight in ten customers score from {middle}."
        if len(shown) == 1
        else f"{formatting.plural(len(shown), 'batch', 'batches')} from "
        f"{formatting.short_slot(first.as_of)} to "
        f"{formatting.short_slot(last.as_of)}: the median score {lay}; "
        f"eight in ten customers now score from {middle}."
    )
    held = [batch for batch in shown if batch.status == "quarantined"]
    if held:
        sentence += (
            f" {formatting.plural(len(held), 'batch was', 'batches were')} quarantined "
            f"and never reached consumers."
        )
    columns = ("Batch", "Outcome", "Customers", "Lowest tenth up to", "Median", "Nine tenths up to")
    table = Table(
        columns=columns,
        rows=[
            (
                formatting.slot(batch.as_of),
                formatting.name(batch.status),
                f"{batch.customers_scored:,}",
                contract.score(batch.score_p10),
                contract.score(batch.score_p50),
                contract.score(batch.score_p90),
            )
            for batch in reversed(shown)
        ],
        numbers=frozenset(columns[2:]),
    )
    if len(shown) == 1:
        return without_picture(f"{contract.product}-spread", "Scores over time", sentence, table)
    legend = [
        Key("●" if len(shown) <= _MOST_RANGES else "━", svg.GOOD, "median"),
        Key("█", svg.SOFT, "middle eight tenths of the customers"),
    ]
    if held:
        legend.append(Key("✕", svg.BAD, "quarantined"))
    return draw(
        _chart(shown), f"{contract.product}-spread", "Scores over time", sentence, table, legend
    )


def _chart(shown: Sequence[Batch]) -> svg.AnyChart:
    is_short = len(shown) <= _MOST_RANGES
    x = alt.X(
        "as_of:T",
        scale=svg.time_scale(shown[0].as_of, shown[-1].as_of, padding=9 if is_short else 4),
        axis=svg.time_axis(grid=False),
    )
    y = alt.Y(
        "p10:Q", scale=alt.Scale(zero=False), axis=alt.Axis(title=None, tickCount=4, format=",~f")
    )
    held = [batch for batch in shown if batch.status == "quarantined"]
    served = alt.Chart(_data([batch for batch in shown if batch not in held]))
    crossed = alt.Chart(_data(held))
    if is_short:
        ranges = served.mark_rule(stroke=svg.SOFT, strokeWidth=9, strokeCap="round")
        medians = served.mark_point(filled=True, fill=svg.GOOD, size=46, opacity=1)
    else:
        ranges = served.mark_area(fill=svg.SOFT)
        medians = served.mark_line(stroke=svg.GOOD, strokeWidth=2)
    span = crossed.mark_rule(stroke=svg.BAD, strokeWidth=1.5)
    cross = crossed.mark_point(shape=_CROSS, stroke=svg.BAD, strokeWidth=2, size=60, opacity=1)
    return svg.layered(
        150,
        ranges.encode(x=x, y=y, y2="p90:Q"),
        medians.encode(x=x, y="p50:Q"),
        span.encode(x=x, y=y, y2="p90:Q"),
        cross.encode(x=x, y="p50:Q"),
    )


def _data(batches: Sequence[Batch]) -> alt.InlineData:
    return svg.data(
        [
            {"as_of": row.as_of, "p10": row.score_p10, "p50": row.score_p50, "p90": row.score_p90}
            for row in batches
        ]
    )
