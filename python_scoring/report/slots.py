"""Outcome of each slot: one strip per product, one segment per slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Attempt, Contract, Records, Run
from python_scoring.schedule.calendar import deadlines, slots_between

# Tone and height of a segment: a failure is visible by height, not by colour alone.
_LOOKS = {
    "published in time": (svg.GOOD, 0.5),
    "published late": (svg.WARN, 0.75),
    "not published": (svg.BAD, 1.0),
    "not judged": (svg.NONE, 0.22),
}
_LEGEND = (
    Key("▂", svg.GOOD, "published in time (low)"),
    Key("▅", svg.WARN, "published late (medium)"),
    Key("█", svg.BAD, "not published: failed, quarantined, withdrawn or missed (high)"),
    Key("▁", svg.NONE, "not judged: before service, or deadline still to come (flat)"),
)


@dataclass(frozen=True)
class Slot:
    """Slot of a product: one of four looks, its outcome in words, and the last attempt at it.

    `is_judged` says whether it counts for the service level: whether a build recorded if its
    deadline was met.
    """

    product: str
    as_of: datetime
    ends: datetime
    is_judged: bool
    look: str
    outcome: str
    recorded_at: datetime | None
    reason: str | None


def slots_of(records: Records) -> list[Slot]:
    """Return the slots of the window with complete data, since the product's first run."""
    return [slot for contract in records.contracts for slot in _slots_of(records, contract)]


def _slots_of(records: Records, contract: Contract) -> list[Slot]:
    runs: dict[datetime, list[Run]] = {}
    for run in records.runs:
        if run.product == contract.product:
            runs.setdefault(run.as_of, []).append(run)
    failures = {
        attempt.as_of: attempt
        for attempt in records.attempts
        if attempt.product == contract.product and attempt.run_id is None
    }
    judged = {
        deadline.as_of: deadline
        for deadline in records.deadlines
        if deadline.product == contract.product
    }
    services = {served.product: served.in_service_since for served in records.freshness}
    since = services.get(contract.product)
    starts = _starts(contract, min(runs, default=records.now), records.now)
    slots = []
    ends_of = [*starts[1:], records.now]
    due_by = deadlines(starts, contract.deadline_hours)
    for as_of, ends, deadline in zip(starts, ends_of, due_by, strict=False):
        # The served run, else the last one tried.
        deciding = max(
            runs.get(as_of, []), key=lambda run: (run.is_served, run.last_entry), default=None
        )
        failure = failures.get(as_of)
        record = judged.get(as_of)
        if deadline <= records.since:
            continue
        if record is None and (since is None or deadline <= since):
            look, outcome = "not judged", "before service"
        else:
            is_late = bool(record and record.outcome == "breached")
            is_overdue = records.now > deadline
            look, outcome = _judge(deciding, failure, was_late=is_late, is_overdue=is_overdue)
        last = failure if failure and not (deciding and deciding.is_served) else deciding
        slots.append(
            Slot(
                contract.product, as_of, ends, record is not None, look, outcome,
                last.recorded_at if last else None, last.reason if last else None,
            )
        )  # fmt: skip
    return slots


def _starts(contract: Contract, first: datetime, now: datetime) -> list[datetime]:
    last = now - timedelta(hours=contract.availability_lag_hours)
    return slots_between(first, last, contract.cadence, contract.anchor_days)


def _judge(
    run: Run | None, failure: Attempt | None, *, was_late: bool, is_overdue: bool
) -> tuple[str, str]:
    if run and run.is_served:
        look = "published late" if was_late else "published in time"
        return look, look
    if run and run.status == "started":
        return "not judged", "running"
    if run:
        return "not published", run.status
    if failure:
        return "not published", "failed"
    return ("not published", "missed") if is_overdue else ("not judged", "waiting")


def figure(records: Records) -> Figure | None:
    """Strips of all products; None if nothing was ever tried."""
    slots = slots_of(records)
    if not slots:
        return None
    told = {product: _counts(product, slots) for product in records.products}
    sentence = f"Slots of the last {records.days} days. " + " ".join(
        f"{formatting.name(product)}: {_in_words(product, slots)}." for product in records.products
    )
    table = Table(
        stacked=True,
        columns=("Product", "Slot", "Outcome", "Recorded", "Reason"),
        rows=[
            (
                formatting.name(slot.product),
                formatting.slot(slot.as_of),
                formatting.name(slot.outcome),
                formatting.moment(slot.recorded_at),
                slot.reason or formatting.NOTHING,
            )
            for slot in sorted(slots, key=lambda slot: slot.as_of, reverse=True)
        ],
    )
    chart = _chart(records, slots, told)
    return draw(chart, "slots", "What became of each slot", sentence, table, _LEGEND)


def _counts(product: str, slots: Sequence[Slot]) -> str:
    """Count the judged slots, as the service level does, in a few words."""
    judged = [slot for slot in slots if slot.product == product and slot.is_judged]
    if not judged:
        return "no deadline yet"
    in_time = sum(slot.look == "published in time" for slot in judged)
    return f"{in_time} of {formatting.plural(len(judged), 'slot')} in time"


def _in_words(product: str, slots: Sequence[Slot]) -> str:
    """Count the judged slots and the others, by outcome."""
    own = [slot for slot in slots if slot.product == product]
    judged = [slot for slot in own if slot.is_judged]
    parts = [_counts(product, slots)]
    if late := sum(slot.look == "published late" for slot in judged):
        parts.append(f"{late} late")
    failed = [slot.outcome for slot in judged if slot.look == "not published"]
    parts += [f"{failed.count(outcome)} {outcome}" for outcome in sorted(set(failed))]
    early = sum(slot.outcome == "before service" for slot in own)
    unjudged = [slot for slot in own if not slot.is_judged and slot.outcome != "before service"]
    late = sum(slot.look == "not published" for slot in unjudged)
    if late:
        parts.append(f"{late} not published and not judged by a build yet")
    if waiting := len(unjudged) - late:
        parts.append(f"{waiting} not judged yet")
    if early:
        parts.append(f"{early} before service")
    return ", ".join(parts)


def _chart(records: Records, slots: Sequence[Slot], told: dict[str, str]) -> svg.AnyChart:
    rows = {product: row for row, product in enumerate(records.products)}
    # A short history is not squeezed into a corner.
    first = max(records.since, min(slot.as_of for slot in slots))
    segments = []
    for slot in slots:
        tone, height = _LOOKS[slot.look]
        bottom = rows[slot.product] + 0.94
        segments.append(
            {
                "starts": max(slot.as_of, first),
                "ends": slot.ends,
                "top": bottom - 0.52 * height,
                "bottom": bottom,
                "tone": tone,
            }
        )
    captions = [
        {"line": row + 0.18, "product": formatting.name(product), "told": told[product]}
        for product, row in rows.items()
    ]
    line = alt.Y("line:Q", scale=alt.Scale(domain=[0, len(rows)], reverse=True), axis=None)
    strips = (
        alt.Chart(svg.data(segments))
        .mark_rect(stroke=svg.CARD, strokeWidth=0.7)
        .encode(
            x=alt.X(
                "starts:T",
                scale=svg.time_scale(first, records.now),
                axis=svg.time_axis(grid=False),
            ),
            x2="ends:T",
            y=alt.Y("top:Q", scale=alt.Scale(domain=[0, len(rows)], reverse=True), axis=None),
            y2="bottom:Q",
            fill=alt.Fill("tone:N", scale=None),
        )
    )
    caption = alt.Chart(svg.data(captions)).encode(y=line)
    names = caption.mark_text(align="left", fontWeight="bold", x=0).encode(text="product:N")
    counts = caption.mark_text(align="right", fill=svg.MUTED, x="width").encode(text="told:N")
    return svg.layered(50 * len(rows), strips, names, counts)
