"""Durations of runs, step by step."""

from collections.abc import Sequence
from statistics import median

import altair as alt

from python_scoring.report import formatting
from python_scoring.report.figure import Figure, Table, draw, ramp_legend, without_picture
from python_scoring.report.records import Contract, Records, StepTime
from python_scoring.report.stacked import stacked_columns


def figure(records: Records, contract: Contract) -> Figure | None:
    """Seconds of the newest attempts by step; None if no step ever ran."""
    times = [time for time in records.step_times if time.product == contract.product]
    if not times:
        return None
    attempts = sorted({time.attempt for time in times}, reverse=True)
    steps = list(
        dict.fromkeys(
            time.steps for time in sorted(times, key=lambda time: (time.step_number, time.steps))
        )
    )
    by_attempt = {
        attempt: [time for time in times if time.attempt == attempt] for attempt in attempts
    }
    totals = {attempt: sum(time.seconds for time in found) for attempt, found in by_attempt.items()}
    newest = attempts[-1]
    longest = max(by_attempt[newest], key=lambda time: time.seconds)
    sentence = (
        f"The newest run ({formatting.short_slot(longest.as_of)}) took {_seconds(totals[newest])}; "
        f"longest was to {_step(longest.steps)}, {_seconds(longest.seconds)}."
    )
    if len(attempts) > 1:
        sentence += (
            f" The median of the last {len(attempts)} runs is {_seconds(median(totals.values()))}, "
            f"the longest took {_seconds(max(totals.values()))}."
        )
    columns = (*(formatting.sentence(_step(step)).rstrip(".") for step in steps), "All")
    table = Table(
        columns=("Run", *columns),
        rows=[
            (
                formatting.slot(by_attempt[attempt][0].as_of),
                *(_seconds_of(by_attempt[attempt], step) for step in steps),
                _seconds(totals[attempt]),
            )
            for attempt in reversed(attempts)
        ],
        numbers=frozenset(columns),
    )
    key, title = f"{contract.product}-durations", f"{formatting.name(contract.product)} runs"
    if len(attempts) == 1:
        return without_picture(key, title, sentence, table)
    legend = ramp_legend([_step(step) for step in steps])
    chart = stacked_columns(
        [by_attempt[attempt][0].as_of for attempt in attempts],
        steps,
        [
            (column, time.steps, time.seconds)
            for column, attempt in enumerate(attempts)
            for time in by_attempt[attempt]
        ],
        alt.Axis(format="~s", tickCount=4),
    )
    return draw(chart, key, title, sentence, table, legend)


def _step(steps: str) -> str:
    return steps.replace("_", " ")


def _seconds(value: float) -> str:
    return formatting.hours(value / 3600) if value >= 120 else f"{value:.1f} s"  # noqa: PLR2004 - seconds


def _seconds_of(times: Sequence[StepTime], step: str) -> str:
    found = [time.seconds for time in times if time.steps == step]
    return _seconds(sum(found)) if found else formatting.NOTHING
