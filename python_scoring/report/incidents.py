"""Incidents by cause: their timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.causes import Cause, causes_of
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Incident, IncidentEvent, Records

# More bars would not be read; the table has all incidents.
_MOST_BARS = 12
# Products that fit into the title of a bar.
_MOST_NAMES = 2
# Colour and thickness of a bar.
_LOOKS = {"high": (svg.BAD, 0.34), "medium": (svg.WARN, 0.24), "low": (svg.NONE, 0.14)}
# Position of the bar in its row; the title is above it.
_MIDDLE = 0.68
_SHORTEST = timedelta(days=7)
_SHAPES = {
    "acknowledged": "diamond",
    "mitigated": "triangle-up",
    "resolved": "circle",
    "open": "triangle-right",
}
_FALLBACKS = {
    "last_known_good": "consumers get the last known good predictions",
    "skip": "consumers should skip the action",
    "default_score": "consumers should act on the default score",
}
_LEGEND = (
    Key("█", svg.BAD, "high (thick)"),
    Key("▆", svg.WARN, "medium"),
    Key("▃", svg.NONE, "low (thin)"),
    Key("▷", svg.INK, "still open"),
    Key("◇", svg.INK, "acknowledged"),
    Key("△", svg.INK, "mitigated"),
    Key("○", svg.INK, "resolved"),
)


@dataclass(frozen=True)
class Consequence:
    """What a cause did to one product, in its incident's words."""

    product: str
    message: str


@dataclass(frozen=True)
class Story:
    """Cause with its consequences and the timeline of its incidents."""

    cause: Cause
    events: list[IncidentEvent]

    @property
    def consumers(self) -> str:
        """What consumers are served while it lasts."""
        told: dict[str, list[str]] = {}
        for incident in self.cause.all:
            fallback = _FALLBACKS.get(incident.fallback_mode or "", "")
            if not fallback or incident.is_over:
                continue
            product = formatting.name(incident.product)
            if incident.fallback_mode == "last_known_good" and incident.served_as_of:
                product += f" (as of {formatting.short_slot(incident.served_as_of)})"
            products = told.setdefault(fallback, [])
            if product not in products:
                products.append(product)
        parts = [f"{formatting.listing(products)}: {what}" for what, products in told.items()]
        return formatting.sentence("; ".join(parts))

    @property
    def messages(self) -> set[str]:
        """Messages that the card has already: the timeline does not repeat them."""
        return {incident.message for incident in self.cause.all}

    @property
    def consequences(self) -> list[Consequence]:
        """Incidents that follow from the cause, one each."""
        return [
            Consequence(incident.product, incident.message) for incident in self.cause.consequences
        ]

    @property
    def sign(self) -> tuple[str, str]:
        """Tone and sign of its severity while it lasts."""
        if self.cause.is_over:
            return "quiet", "○"
        return {"high": ("bad", "■"), "medium": ("warn", "▲")}.get(
            self.cause.severity, ("quiet", "●")
        )


def stories(records: Records) -> list[Story]:
    """Unresolved causes first, the most severe first, then the resolved ones."""
    return [
        Story(cause, [event for event in records.events if event.incident_id in ids])
        for cause in causes_of(records.incidents)
        for ids in [{incident.incident_id for incident in cause.all}]
    ]


def _title(incident: Incident) -> str:
    product = "All products" if incident.product == "all" else formatting.name(incident.product)
    return f"{product}: {formatting.lower_name(incident.cause)}"


def summary(records: Records) -> str:
    """Number of incidents and of their causes, and how many of these are unresolved."""
    if not records.incidents:
        return f"No incident in the last {records.days} days."
    causes = causes_of(records.incidents)
    lasting = sum(not cause.is_over for cause in causes)
    found = formatting.plural(len(records.incidents), "incident")
    of = formatting.plural(len(causes), "cause")
    ends = "all resolved" if not lasting else f"{lasting} unresolved"
    return f"{found} of {of} in the last {records.days} days, {ends}."


def figure(records: Records) -> Figure | None:
    """Timeline of the causes; None if there was no incident."""
    if not records.incidents:
        return None
    table = Table(
        columns=(
            *("Incident", "Severity", "Status", "Opened", "Acknowledged", "Mitigated"),
            *("Resolved", "Consumers got"),
        ),
        rows=[
            (
                _title(incident),
                formatting.name(incident.severity),
                formatting.name(incident.status),
                formatting.moment(incident.opened_at),
                formatting.moment(incident.acknowledged_at),
                formatting.moment(incident.mitigated_at),
                formatting.moment(incident.resolved_at),
                formatting.name(incident.fallback_mode)
                if incident.fallback_mode
                else formatting.NOTHING,
            )
            for incident in records.incidents
        ],
    )
    opened = [cause for cause in causes_of(records.incidents) if cause.opened_at <= records.now]
    shown = opened[:_MOST_BARS]
    if not shown:
        return None
    sentence = summary(records)
    if len(shown) < len(opened):
        sentence += f" The picture shows {len(shown)}: the unresolved and the newest."
    chart = _chart(records, shown)
    return draw(chart, "incidents", "Causes over time", sentence, table, _LEGEND)


def _chart(records: Records, shown: Sequence[Cause]) -> svg.AnyChart:
    lines = alt.Scale(domain=[0, len(shown)], reverse=True)
    # Not more of the past than there is to show, but never so little that hours look like weeks.
    first = min(max(cause.opened_at, records.since) for cause in shown)
    first = max(records.since, min(first, records.now - _SHORTEST))
    time = alt.X("starts:T", scale=svg.time_scale(first, records.now), axis=svg.time_axis())
    top = alt.Y("top:Q", scale=lines, axis=None)
    bars = [_bar(first, records.now, row, cause) for row, cause in enumerate(shown)]
    base = alt.Chart(svg.data(bars))
    span = base.mark_rect(cornerRadius=2).encode(
        x=time,
        x2="ends:T",
        y=top,
        y2="bottom:Q",
        fill=alt.Fill("tone:N", scale=None),
    )
    # An incident of minutes would be too short to see.
    begin = base.mark_rule(strokeWidth=3).encode(
        x=time, y=top, y2="bottom:Q", stroke=alt.Stroke("tone:N", scale=None)
    )
    title = base.encode(y=alt.Y("line:Q", scale=lines, axis=None), text="told:N")
    told = title.mark_text(align="left", x=0)
    signs = [
        {"starts": at, "middle": row + _MIDDLE, "sign": sign}
        for row, cause in enumerate(shown)
        for sign, at in _signs(cause, first, records.now)
    ]
    sign = (
        alt.Chart(svg.data(signs))
        .mark_point(filled=True, fill=svg.CARD, stroke=svg.INK, strokeWidth=1.4, size=44, opacity=1)
        .encode(
            x=time,
            y=alt.Y("middle:Q", scale=lines, axis=None),
            shape=alt.Shape(
                "sign:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())),
                legend=None,
            ),
        )
    )  # fmt: skip
    return svg.layered(46 * len(shown), span, begin, told, sign)


def _bar(first: datetime, now: datetime, row: int, cause: Cause) -> dict[str, object]:
    starts = max(cause.opened_at, first)
    tone, thickness = _LOOKS[cause.severity]
    return {
        "starts": starts,
        "ends": max(cause.resolved_at or now, starts),
        "top": row + _MIDDLE - thickness / 2,
        "bottom": row + _MIDDLE + thickness / 2,
        "line": row + 0.24,
        "tone": tone,
        "told": _label(cause),
    }


def _label(cause: Cause) -> str:
    """Title of a bar, which must fit into the picture: the kind of failure and its products."""
    kind = formatting.name(cause.incidents[0].cause)
    products = cause.products
    named = (
        "all products"
        if products == ["all"]
        else formatting.plural(len(products), "product")
        if len(products) > _MOST_NAMES
        else formatting.listing([formatting.name(product) for product in products])
    )
    return f"{kind}, {named}"


def _signs(cause: Cause, first: datetime, now: datetime) -> list[tuple[str, datetime]]:
    """Events of the timeline; of signs that would overlap only the last."""
    told = [
        ("acknowledged", cause.acknowledged_at),
        ("mitigated", cause.mitigated_at),
        ("resolved", cause.resolved_at),
        ("open", None if cause.is_over else now),
    ]
    signs: list[tuple[str, datetime]] = []
    for sign, at in told:
        if at is None or at < first:
            continue
        if signs and at - signs[-1][1] < (now - first) / 40:
            signs.pop()
        signs.append((sign, at))
    return signs
