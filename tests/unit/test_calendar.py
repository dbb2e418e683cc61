"""Slots in Python equal those of the SQL that plans them."""

from datetime import datetime, timedelta

import pytest

from python_scoring.schedule.calendar import deadlines, slots_between

FIRST, LAST = datetime(2023, 12, 30, 5), datetime(2025, 1, 3, 4)


def days(condition: str) -> list[datetime]:
    """The midnights of the span that meet a condition on `day`."""
    midnights = [datetime(2023, 12, 30) + timedelta(days=number) for number in range(371)]
    return [day for day in midnights if eval(condition, {"day": day})]  # noqa: S307 - fixed texts


@pytest.mark.parametrize(
    ("cadence", "anchor_days", "condition"),
    [
        ("daily", 0, "True"),
        ("weekly", 0, "day.weekday() == 0"),
        ("weekly", 4, "day.weekday() == 4"),
        ("monthly", 0, "day.day == 1"),
        ("monthly", 27, "day.day == 28"),
        ("quarterly", 0, "day.day == 1 and day.month in (1, 4, 7, 10)"),
        ("quarterly", 14, "day.day == 15 and day.month in (1, 4, 7, 10)"),
    ],
)
def test_slots_between(cadence: str, anchor_days: int, condition: str) -> None:
    """A slot is a midnight; the day of `first` counts whole, `last` to its hour."""
    assert slots_between(FIRST, LAST, cadence, anchor_days) == days(condition)


def test_deadlines_are_hours_after_each_slot() -> None:
    slots = [datetime(2026, 3, 1), datetime(2026, 2, 28)]
    assert deadlines(slots, 33) == [datetime(2026, 3, 2, 9), datetime(2026, 3, 1, 9)]
    assert deadlines([], 9) == []
