"""Scores of the newest batch by decile of the training scores, next to the previous batch."""

from collections.abc import Sequence

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Band, Contract, Records


def figure(records: Records, contract: Contract) -> Figure | None:
    """Shares of customers by decile of the training scores, in the last two batches."""
    newest, former = [*reversed(records.batches_of(contract.product)), None, None][:2]
    if newest is None:
        return None
    now = {band.tenth: band for band in records.bands if band.run_id == newest.run_id}
    if not now:
        return None
    # Another model has other bands.
    is_alike = former is not None and former.model_version == newest.model_version
    before = {
        band.tenth: band
        for band in records.bands
        if is_alike and former is not None and band.run_id == former.run_id
    }
    names = _band_names(contract, {**before, **now})
    shares = [
        (name, _share(tenth, now), _share(tenth, before) if before else None)
        for tenth, name in names.items()
    ]
    largest = max(shares, key=lambda row: row[1] or 0)
    sentence = (
        f"{formatting.short_slot(newest.as_of)}: "
        f"{formatting.plural(newest.customers_scored, 'customer')}; "
        f"half of them score up to {contract.score(newest.score_p50)}. The fullest band, "
        f"{largest[0]}, holds {formatting.percent(largest[1])}."
    )
    if former is not None and before:
        moved = max(shares, key=lambda row: abs((row[1] or 0) - (row[2] or 0)))
        sentence += (
            f" Since the batch before ({formatting.short_slot(former.as_of)}) {moved[0]} "
            "changed most, "
            f"from {formatting.percent(moved[2])} to {formatting.percent(moved[1])}."
        )
    table = Table(
        columns=("Score", "Newest batch", "Batch before"),
        rows=[
            (name, formatting.percent(new), formatting.percent(old)) for name, new, old in shares
        ],
        numbers=frozenset({"Newest batch", "Batch before"}),
    )
    legend = [Key("█", svg.GOOD, f"newest batch, {formatting.short_slot(newest.as_of)}")]
    if former is not None and before:
        legend.append(Key("┃", svg.INK, f"batch before, {formatting.short_slot(former.as_of)}"))
    return draw(
        _bands_chart(shares), f"{contract.product}-bands", "Scores in the newest batch",
        sentence, table, legend,
    )  # fmt: skip


def _band_names(contract: Contract, found: dict[int, Band]) -> dict[int, str]:
    tenths = sorted(found)
    names: dict[int, str] = {}
    lower: str | None = None
    for tenth in tenths:
        edge = found[tenth].upper_edge
        upper = contract.score(edge)
        if lower is None:
            names[tenth] = "any score" if edge is None else f"up to {upper}"
        elif tenth == tenths[-1] or edge is None:
            names[tenth] = f"over {lower}"
        else:
            names[tenth] = f"{lower} to {upper}"
        lower = upper
    return names


def _share(tenth: int, found: dict[int, Band]) -> float:
    total = sum(band.customers for band in found.values())
    return found[tenth].customers / total if tenth in found else 0.0


def _bands_chart(shares: Sequence[tuple[str, float, float | None]]) -> svg.AnyChart:
    rows = [
        {"band": number, "now": new, "before": old, "told": formatting.percent(new, 0)}
        for number, (_, new, old) in enumerate(shares)
    ]
    names = [name for name, *_ in shares]
    base = alt.Chart(svg.data(rows)).encode(
        y=alt.Y("band:O", title=None, axis=alt.Axis(labelExpr=svg.names(names), grid=False))
    )
    most = max(max(new, old or 0) for _, new, old in shares)
    share = alt.X(
        "now:Q",
        scale=alt.Scale(domain=[0, most * 1.3], nice=False),
        axis=alt.Axis(format=".0%", title=None, tickCount=4),
    )
    bars = base.mark_bar(fill=svg.GOOD, height={"band": 0.72}).encode(x=share)
    ticks = base.mark_tick(fill=svg.INK, thickness=2, size=15).encode(x="before:Q")
    told = base.mark_text(align="right", fill=svg.MUTED, x="width").encode(text="told:N")
    return svg.layered(22 * len(rows), bars, ticks, told)
