"""Reason codes of the newest served run, by feature."""

import json
from collections.abc import Sequence

import altair as alt

from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Contract, Reason, Records

# The table has the rest.
MOST_FEATURES = 10

# Neither direction is good or bad: that depends on the meaning of the score.
LOWERS, RAISES = svg.ramp(2)


def figure(records: Records, contract: Contract) -> Figure | None:
    """Mean contribution of each feature, by direction; None if no run has reason codes."""
    reasons = sorted(
        (reason for reason in records.reasons if reason.product == contract.product),
        key=lambda reason: (-reason.importance, reason.feature),
    )
    if not reasons:
        return None
    is_segment = json.loads(contract.contract_json).get("score_type") == "segment"
    sentence = _sentence(reasons, is_segment=is_segment)
    columns = ("Mean contribution", "Raises", "Lowers", "First reason")
    table = Table(
        columns=("Feature", *columns),
        rows=[
            (
                formatting.name(reason.feature),
                formatting.number(reason.importance),
                _share(reason.raised, reason),
                _share(reason.lowered, reason),
                _share(reason.first_reasons, reason),
            )
            for reason in reasons
        ],
        numbers=frozenset(columns),
    )
    speaks_for = "speaks for the segment" if is_segment else "raises the score"
    legend = [Key("█", RAISES, speaks_for)]
    if any(reason.lowered for reason in reasons):
        legend.append(Key("█", LOWERS, "lowers the score"))
    return draw(
        _chart(reasons[:MOST_FEATURES]),
        f"{contract.product}-reasons",
        "Reasons for the scores",
        sentence,
        table,
        legend,
    )


def _sentence(reasons: Sequence[Reason], *, is_segment: bool) -> str:
    strongest = reasons[0]
    name = formatting.lower_name(strongest.feature)
    if is_segment:
        told = f"{name} speaks for the segment of {_share(strongest.raised, strongest)} of them"
    else:
        told = (
            f"{name} raises the score of {_share(strongest.raised, strongest)} of them and lowers "
            f"that of {_share(strongest.lowered, strongest)}"
        )
    first = sorted(reasons, key=lambda reason: (-reason.first_reasons, reason.feature))[:3]
    listed = formatting.listing(
        [
            f"{formatting.lower_name(reason.feature)} ({_share(reason.first_reasons, reason)})"
            for reason in first
            if reason.first_reasons
        ]
    )
    return (
        f"{formatting.short_slot(strongest.as_of)}, {strongest.customers:,} customers with "
        "reasons: "
        f"{told}. Most often the first reason: {listed}."
    )


def _share(count: int, reason: Reason) -> str:
    return formatting.percent(count / reason.customers, 0)


def _chart(reasons: Sequence[Reason]) -> svg.AnyChart:
    names = [formatting.name(reason.feature) for reason in reasons]
    rows = [
        {"place": place, "direction": direction, "value": value / reason.customers}
        for place, reason in enumerate(reasons)
        for direction, value in (("raises", reason.raised_by), ("lowers", reason.lowered_by))
        if value
    ]
    chart = (
        alt.Chart(svg.data(rows))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", title=None, axis=alt.Axis(tickCount=4, format="+~r")),
            y=alt.Y(
                "place:O",
                title=None,
                axis=alt.Axis(labelExpr=svg.names(names), grid=False),
                scale=alt.Scale(domain=list(range(len(names))), paddingInner=0.3),
            ),
            fill=alt.Fill(
                "direction:N",
                scale=alt.Scale(domain=["raises", "lowers"], range=[RAISES, LOWERS]),
                legend=None,
            ),
        )
    )
    return svg.layered(22 * len(names) + 10, chart)
