"""Altair charts as inline SVG, in the page's font and colours, light or dark.

Charts are drawn at the width of a phone and scale with the page. Colours are the page's CSS
variables: a browser looks them up in presentation attributes as in a stylesheet.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import altair as alt
import vl_convert
from markupsafe import Markup, escape

from python_scoring.report import formatting

# Cards are at least as wide on a phone of 360 points and on a desktop: type is never drawn smaller.
WIDTH = 320

INK, MUTED, LINE, CARD = "var(--ink)", "var(--muted)", "var(--line)", "var(--card)"
GOOD, WARN, BAD, NONE = "var(--good)", "var(--warn)", "var(--bad)", "var(--none)"
SOFT = "var(--soft)"
_RAMP = tuple(f"var(--step-{number})" for number in range(1, 7))

# Text is measured in a font of vl-convert; the page's own font is similar.
_FONT = "Arial"
_SIZE = 13
_FEWEST_COLUMNS = 8

AnyChart: TypeAlias = alt.Chart | alt.LayerChart


def data(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Return rows as a chart's data, with instants as Vega reads them in UTC."""
    values = [
        {
            key: f"{value.isoformat()}Z" if isinstance(value, datetime) else value
            for key, value in row.items()
        }
        for row in rows
    ]
    return alt.InlineData(values=values)


def time_scale(first: datetime, last: datetime, padding: int = 0) -> alt.Scale:
    """Return a scale in UTC from the first to the last instant, with room for marks at its ends."""
    domain = [f"{first.isoformat()}Z", f"{last.isoformat()}Z"]
    return alt.Scale(type="utc", domain=domain, padding=padding, nice=False)


def time_axis(**options: Any) -> alt.Axis:
    """Return an axis with few dates, such as 1 Nov."""
    return alt.Axis(format="%-d %b", tickCount=4, title=None, labelFlush=True, **options)


def names(of_numbers: Sequence[str]) -> str:
    """Return the labels of an axis for the numbers from 0 on; two may have one name."""
    return f"{json.dumps(list(of_numbers))}[datum.value]"


def columns(instants: Sequence[datetime]) -> tuple[alt.Scale, alt.Axis]:
    """Return scale and axis of numbered columns, labelled by day; few columns stay narrow."""
    days = [formatting.short_day(instant) for instant in instants]
    places = max(len(days), _FEWEST_COLUMNS)
    step = -(-places // 3)
    return (
        alt.Scale(domain=list(range(places)), paddingInner=0.08, paddingOuter=0),
        alt.Axis(
            values=sorted(range(len(days) - 1, -1, -step)),
            labelExpr=names(days),
            labelAngle=0,
            # The last label would jut out.
            labelAlign={
                "condition": {"test": f"datum.value === {places - 1}", "value": "right"},
                "value": "center",
            },
            title=None,
        ),
    )


def ramp(count: int) -> list[str]:
    """Return that many colours for the parts of a whole, from faint to strong."""
    last = max(count - 1, 1)
    return [
        _RAMP[min(number * (len(_RAMP) - 1) // last, len(_RAMP) - 1)] for number in range(count)
    ]


def layered(height: int, *layers: alt.Chart) -> AnyChart:
    """Return layers as one chart of that height; the width is the same for all charts."""
    chart: AnyChart = alt.layer(*layers).properties(height=height)
    return chart


def render(chart: AnyChart, key: str, title: str, description: str) -> Markup:
    """Return the chart as one SVG element with title and description; its ids start with `key`."""
    key = f"picture-{formatting.slug(key)}"
    styled = (
        chart.properties(width=WIDTH, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure(font=_FONT, background="transparent", padding=2, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            labelFontSize=_SIZE,
            labelFontWeight="normal",
            titleColor=MUTED,
            titleFontSize=_SIZE,
            titleFontWeight="normal",
            gridColor=LINE,
            domain=False,
            ticks=False,
            labelPadding=5,
            labelLimit=0,
        )
        .configure_text(fontSize=_SIZE, fill=INK)
    )
    drawn = vl_convert.vegalite_to_svg(styled.to_dict())
    return Markup(_one_image(drawn, key, title, description))  # noqa: S704 - Vega escapes its texts


def _one_image(drawn: str, key: str, title: str, description: str) -> str:
    opening = re.match(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", drawn)
    if opening is None:
        raise ValueError(f"expected an svg element with a viewBox, found {drawn[:80]}")
    body = re.sub("<[^>]+>", lambda tag: _lean(tag[0], key), drawn[opening.end() :])
    return (
        f'<svg viewBox="{opening[1]}" role="img" aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>{body}'
    )


def _lean(tag: str, key: str) -> str:
    """Return a tag without what the page sets itself, with two decimals and unique ids."""
    if tag.startswith("<rect") and 'fill="transparent"' in tag:
        return ""
    tag = re.sub(r' (?:role|aria-[a-z]+|font-family|class|pointer-events)="[^"]*"', "", tag)
    tag = re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", tag)
    tag = tag.replace(' id="', f' id="{key}-').replace("url(#", f"url(#{key}-")
    return "" if re.fullmatch(r'<path d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>', tag) else tag
