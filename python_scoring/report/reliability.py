"""Reliability: predicted and observed by decile, and coverage against the level of the bounds.

The newest run whose horizon has passed is shown; until there is one, the evaluation at training.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from python_scoring.models.card_parts import Metrics
from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw
from python_scoring.report.records import Contract, Outcome, Records

_LEGEND = (
    Key("●", svg.GOOD, "a tenth of the customers, by score"),
    Key("┅", svg.MUTED, "where predicted is observed"),
)


@dataclass(frozen=True)
class Tenth:
    """Customers with similar scores: mean prediction and mean outcome."""

    predicted: float
    observed: float
    customers: int


def figure(records: Records, contract: Contract) -> Figure | None:
    """Newest outcomes, else the evaluation at training; None without either."""
    outcomes = [row for row in records.outcomes if row.product == contract.product]
    measured = [row for row in outcomes if row.calibration]
    evaluation = next((row for row in records.evaluations if row.product == contract.product), None)
    if measured:
        newest = measured[-1]
        tenths = [Tenth(**tenth) for tenth in json.loads(newest.calibration or "[]")]
        sentence = _of_outcome(newest, contract, len(measured))
        if evaluation:
            sentence += f" {_of_training(evaluation.metrics)}"
    elif evaluation and evaluation.metrics.get("calibration"):
        tenths = [
            Tenth(row["predicted"], row["observed"], row["rows"])
            for row in evaluation.metrics["calibration"]
        ]
        sentence = f"No served run is old enough to be measured. {_of_training(evaluation.metrics)}"
    else:
        return None
    columns = ("Tenth", "Predicted", "Observed", "Customers")
    table = Table(
        columns=columns,
        rows=[
            (
                str(number),
                contract.score(tenth.predicted),
                contract.score(tenth.observed),
                f"{tenth.customers:,}",
            )
            for number, tenth in enumerate(tenths, start=1)
        ],
        numbers=frozenset(columns[1:]),
    )
    return draw(
        _chart(tenths, contract),
        f"{contract.product}-reliability",
        "Predicted and observed",
        sentence,
        table,
        _LEGEND,
    )


def _of_outcome(newest: Outcome, contract: Contract, measured: int) -> str:
    foretold, came = contract.score(newest.mean_score), contract.score(newest.mean_outcome)
    text = (
        f"{formatting.short_slot(newest.as_of)}, the newest of "
        f"{formatting.plural(measured, 'measured run')}: the outcomes of "
        f"{formatting.plural(newest.labels_known, 'customer')} are known. "
        f"{foretold} was predicted on average, {came} came."
    )
    for name, value in (("AUC", newest.auc), ("Rank correlation", newest.spearman)):
        if value is not None:
            text += f" {name} {formatting.number(value)}."
    return text + _bounds(newest.coverage, newest.interval_level)


def _of_training(metrics: Metrics) -> str:
    """Sentence on the evaluation at training; empty without one."""
    if "as_of" not in metrics:
        return ""
    told = {
        "AUC": metrics.get("auc"),
        "Brier score": metrics.get("brier"),
        "Rank correlation": metrics.get("spearman"),
    }
    figures = [
        f"{name} {formatting.number(value)}" for name, value in told.items() if value is not None
    ]
    before = metrics.get("before_calibration", {}).get("brier")
    if before is not None:
        figures.append(f"{formatting.number(before)} before calibration")
    text = f"At training, on {metrics['as_of'][:10]}: {', '.join(figures)}."
    return text + _bounds(metrics.get("coverage"), metrics.get("interval_level"))


def _bounds(coverage: float | None, level: float | None) -> str:
    if coverage is None or level is None:
        return ""
    return (
        f" Bounds held {formatting.percent(coverage)} of the outcomes, and state "
        f"{formatting.percent(level)}."
    )


def _chart(tenths: Sequence[Tenth], contract: Contract) -> svg.AnyChart:
    values = [value for tenth in tenths for value in (tenth.predicted, tenth.observed)]
    # Few customers bring most revenue: on a linear scale the others would be one point.
    is_probability = contract.valid_maximum <= 1
    ends = [0.0, 1.0] if is_probability else [0.0, max(values)]
    ticks = [0, 0.5, 1] if is_probability else [0, *(10**power for power in range(1, 7))]
    scale = alt.Scale(type="linear" if is_probability else "symlog", domain=ends, nice=False)
    x = alt.X(
        "predicted:Q",
        scale=scale,
        axis=alt.Axis(title="predicted", values=ticks, grid=False),
    )
    y = alt.Y("observed:Q", scale=scale, axis=alt.Axis(title="observed", values=ticks))
    rows = [{"predicted": tenth.predicted, "observed": tenth.observed} for tenth in tenths]
    line = [{"predicted": end, "observed": end} for end in ends]
    points = alt.Chart(svg.data(rows)).mark_point(filled=True, fill=svg.GOOD, size=50, opacity=1)
    diagonal = alt.Chart(svg.data(line)).mark_line(stroke=svg.MUTED, strokeDash=[3, 3])
    return svg.layered(180, diagonal.encode(x=x, y=y), points.encode(x=x, y=y))
