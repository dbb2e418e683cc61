"""Moves between labels since the previous batch, as a matrix."""

from collections.abc import Sequence

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Table, draw
from python_scoring.report.labels import ordered
from python_scoring.report.records import Contract, Records

JOINED, LEFT = "joined", "left"
# Cells of more columns have room for a share alone; the table has the numbers.
_MOST_WITH_COUNTS = 4


def figure(records: Records, contract: Contract) -> Figure | None:
    """Matrix of the newest batch; None if there was no batch to compare it with."""
    moves = [
        move
        for move in records.moves
        if move.product == contract.product
        and (move.label_before is not None or move.label_after is not None)
    ]
    newest = next(iter(records.batches_of(contract.product)[::-1]), None)
    if newest is None or not any(move.label_before for move in moves):
        return None
    counts: dict[tuple[str, str], int] = {}
    for move in moves:
        pair = (move.label_before or JOINED, move.label_after or LEFT)
        counts[pair] = counts.get(pair, 0) + move.customers
    found = {label for pair in counts for label in pair} - {JOINED, LEFT}
    labels = ordered(contract, found)
    before = [*labels, *([JOINED] if any(b == JOINED for b, _ in counts) else [])]
    after = [*labels, *([LEFT] if any(a == LEFT for _, a in counts) else [])]
    sentence = _sentence(counts, formatting.short_slot(newest.as_of))
    table = Table(
        columns=("Before", *(formatting.name(label) for label in after), "All"),
        rows=[
            (
                formatting.name(label),
                *(f"{counts.get((label, other), 0):,}" for other in after),
                f"{sum(counts.get((label, other), 0) for other in after):,}",
            )
            for label in before
        ],
        numbers=frozenset((*(formatting.name(label) for label in after), "All")),
    )
    return draw(
        _chart(counts, before, after), f"{contract.product}-migrations",
        "Who changed label", sentence, table,
    )  # fmt: skip


def _sentence(counts: dict[tuple[str, str], int], newest: str) -> str:
    both = {
        pair: count for pair, count in counts.items() if JOINED not in pair and LEFT not in pair
    }
    stayed = sum(count for (before, after), count in both.items() if before == after)
    total = sum(both.values())
    text = (
        f"{newest}: {formatting.percent(stayed / total if total else None)} of the "
        f"{formatting.plural(total, 'customer')} in both batches kept their label"
    )
    moved = {pair: count for pair, count in both.items() if pair[0] != pair[1]}
    if moved:
        (before, after), count = max(moved.items(), key=lambda item: (item[1], item[0]))
        text += (
            f"; the largest move was from {formatting.lower_name(before)} to "
            f"{formatting.lower_name(after)} ({count:,})"
        )
    joined = sum(count for (before, _), count in counts.items() if before == JOINED)
    left = sum(count for (_, after), count in counts.items() if after == LEFT)
    return f"{text}. {joined or 'None'} joined and {left or 'none'} left."


def _chart(
    counts: dict[tuple[str, str], int], before: Sequence[str], after: Sequence[str]
) -> svg.AnyChart:
    columns = [formatting.name(label) for label in after]
    rows = [
        _cell(label, other, counts.get((label, other), 0), total)
        for label in before
        if (total := sum(counts.get((label, other), 0) for other in after))
        for other in after
    ]
    # A phone has room for some thirty letters above the columns.
    is_crowded = max(len(column) for column in columns) * len(columns) > 30  # noqa: PLR2004
    base = alt.Chart(svg.data(rows)).encode(
        x=alt.X(
            "after:N",
            sort=columns,
            title="now",
            axis=alt.Axis(orient="top", labelAngle=-28 if is_crowded else 0),
            scale=alt.Scale(domain=columns, paddingInner=0.05, paddingOuter=0),
        ),
        y=alt.Y(
            "before:N",
            sort=[formatting.name(label) for label in before],
            title="before",
            axis=alt.Axis(titleAngle=0, titleAlign="left", titleAnchor="start", titleY=-10),
            scale=alt.Scale(paddingInner=0.06),
        ),
    )
    ink = alt.Fill("ink:N", scale=None)
    cell = base.mark_rect(cornerRadius=2, fill=svg.GOOD).encode(
        fillOpacity=alt.FillOpacity("strength:Q", scale=None)
    )
    share = base.mark_text(dy=-7, fontWeight="bold").encode(text="share:N", fill=ink)
    if len(columns) > _MOST_WITH_COUNTS:
        return svg.layered(30 * len(before), cell, share.mark_text(fontWeight="bold"))
    count = base.mark_text(dy=9).encode(text="count:N", fill=ink)
    return svg.layered(42 * len(before), cell, share, count)


def _cell(before: str, after: str, count: int, total: int) -> dict[str, object]:
    """Cell of the matrix: pale up to a half so that its text is readable, full beyond it."""
    share = count / total
    return {
        "before": formatting.name(before),
        "after": formatting.name(after),
        "strength": 1 if share > 0.5 else 0.06 + 0.5 * share**0.5,  # noqa: PLR2004
        "ink": "var(--on-good)" if share > 0.5 else svg.INK,  # noqa: PLR2004
        "share": formatting.percent(share, 0) if count else "",
        "count": f"{count:,}",
    }
