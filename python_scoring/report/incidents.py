"""Incidents: their timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Incident, IncidentEvent, Records

# More bars would not be read; the table has all incidents.
_MOST_BARS = 12
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
class Story:
    """Incident with its timeline."""

    incident: Incident
    events: list[IncidentEvent]

    @property
    def title(self) -> str:
        """Product, cause and slot."""
        title = _title(self.incident)
        return (
            f"{title}, {formatting.short_slot(self.incident.as_of)}"
            if self.incident.as_of
            else title
        )

    @property
    def consumers(self) -> str:
        """What consumers are served while it lasts."""
        told = _FALLBACKS.get(self.incident.fallback_mode or "", "")
        if self.incident.fallback_mode == "last_known_good" and self.incident.served_as_of:
            told += f", as of {formatting.short_slot(self.incident.served_as_of)}"
        return formatting.sentence(told)

    @property
    def sign(self) -> tuple[str, str]:
        """Tone and sign of its severity while it lasts."""
        if self.incident.is_over:
            return "quiet", "○"
        return {"high": ("bad", "■"), "medium": ("warn", "▲")}.get(
            self.incident.severity, ("quiet", "●")
        )


def stories(records: Records) -> list[Story]:
    """Unresolved incidents first, the most severe first, then the resolved ones."""
    return [
        Story(
            incident,
            [event for event in records.events if event.incident_id == incident.incident_id],
        )
        for incident in sorted(records.incidents, key=_urgency)
    ]


def _urgency(incident: Incident) -> tuple[bool, int]:
    """Sort key: the most urgent first, the newest first among equals."""
    severity = 0 if incident.is_over else list(_LOOKS).index(incident.severity)
    return incident.is_over, severity


def _title(incident: Incident) -> str:
    product = "All products" if incident.product == "all" else formatting.name(incident.product)
    return f"{product}: {formatting.lower_name(incident.cause)}"


def summary(records: Records) -> str:
    """Number of incidents, and the unresolved ones."""
    if not records.incidents:
        return f"No incident in the last {records.days} days."
    still_open = [incident for incident in records.incidents if not incident.is_over]
    found = formatting.plural(len(records.incidents), "incident")
    text = f"{found} in the last {records.days} days"
    if not still_open:
        return f"{text}, all resolved."
    return f"{text}. {open_summary(records)}"


def open_summary(records: Records) -> str:
    """Names of the unresolved incidents."""
    still_open = [incident for incident in records.incidents if not incident.is_over]
    still_open.sort(key=_urgency)
    titles = [
        f"{_title(incident)} ({incident.severity}, {incident.status})" for incident in still_open
    ]
    is_are = "incident is" if len(still_open) == 1 else "incidents are"
    number = formatting.count_word(len(still_open))
    return formatting.sentence(f"{number} {is_are} unresolved: {'; '.join(titles)}")


def figure(records: Records) -> Figure | None:
    """Timeline of the incidents; None if there was none."""
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
    opened = [incident for incident in records.incidents if incident.opened_at <= records.now]
    shown = sorted(opened, key=_urgency)[:_MOST_BARS]
    if not shown:
        return None
    sentence = summary(records)
    if len(shown) < len(records.incidents):
        sentence += f" The picture shows {len(shown)}: the unresolved and the newest."
    chart = _chart(records, shown)
    return draw(chart, "incidents", "Incidents over time", sentence, table, _LEGEND)


def _chart(records: Records, shown: Sequence[Incident]) -> svg.AnyChart:
    lines = alt.Scale(domain=[0, len(shown)], reverse=True)
    # Not more of the past than there is to show, but never so little that hours look like weeks.
    first = min(max(incident.opened_at, records.since) for incident in shown)
    first = max(records.since, min(first, records.now - _SHORTEST))
    time = alt.X("starts:T", scale=svg.time_scale(first, records.now), axis=svg.time_axis())
    top = alt.Y("top:Q", scale=lines, axis=None)
    bars = [_bar(first, records.now, row, incident) for row, incident in enumerate(shown)]
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
    left = title.transform_filter("!datum.is_late").mark_text(align="left").encode(x=time)
    right = title.transform_filter("datum.is_late").mark_text(align="right", x="width")
    signs = [
        {"starts": at, "middle": row + _MIDDLE, "sign": sign}
        for row, incident in enumerate(shown)
        for sign, at in _signs(incident, first, records.now)
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
    return svg.layered(40 * len(shown), span, begin, left, right, sign)


def _bar(first: datetime, now: datetime, row: int, incident: Incident) -> dict[str, object]:
    starts = max(incident.opened_at, first)
    tone, thickness = _LOOKS[incident.severity]
    return {
        "starts": starts,
        "ends": max(incident.resolved_at or now, starts),
        "top": row + _MIDDLE - thickness / 2,
        "bottom": row + _MIDDLE + thickness / 2,
        "line": row + 0.24,
        "tone": tone,
        "told": f"{_title(incident)} · {incident.severity} · {incident.status}",
        # The title would not fit to the right of the bar's start.
        "is_late": starts > first + (now - first) / 5,
    }


def _signs(incident: Incident, first: datetime, now: datetime) -> list[tuple[str, datetime]]:
    """Events of the timeline; of signs that would overlap only the last."""
    told = [
        ("acknowledged", incident.acknowledged_at),
        ("mitigated", incident.mitigated_at),
        ("resolved", incident.resolved_at),
        ("open", None if incident.is_over else now),
    ]
    signs: list[tuple[str, datetime]] = []
    for sign, at in told:
        if at is None or at < first:
            continue
        if signs and at - signs[-1][1] < (now - first) / 40:
            signs.pop()
        signs.append((sign, at))
    return signs
