"""The level of estimates follows a season that repeats, and nothing that does not."""

import math
from datetime import datetime

import pytest

from python_scoring.errors import ScoringError, TrainingError
from python_scoring.uncertainty import level
from python_scoring.uncertainty.level import Total


def months(count: int, start: int = 3) -> list[datetime]:
    """The first days of so many months from March 2024 on."""
    return [
        datetime(2024 + (start - 1 + place) // 12, (start - 1 + place) % 12 + 1, 1)
        for place in range(count)
    ]


def seasonal(as_of: datetime) -> float:
    """A shop with a strong autumn and a weak early summer."""
    angle = 2 * math.pi * as_of.timetuple().tm_yday / 365.25
    return math.exp(0.1 - 0.15 * math.sin(angle) + 0.08 * math.cos(2 * angle))


def test_a_season_is_learned_from_more_than_a_year() -> None:
    """The months of the next year are predicted to a hundredth; one factor is a fifth off."""
    totals = [Total(as_of, 1_000.0, 1_000.0 * seasonal(as_of)) for as_of in months(19)]
    learned = level.fit(totals)
    assert "cos_2" in learned
    for month in range(1, 13):
        as_of = datetime(2026, month, 1)
        assert level.factor(learned, as_of) == pytest.approx(seasonal(as_of), rel=0.01)


def test_a_trend_is_not_taken_for_a_season() -> None:
    """A shop that grows for thirteen months has one factor: that of all months together."""
    totals = [
        Total(as_of, 1_000.0, 1_000.0 * 1.05**place) for place, as_of in enumerate(months(13))
    ]
    learned = level.fit(totals)
    assert list(learned) == ["log_factor"]
    assert level.factor(learned, None) == pytest.approx(
        sum(1.05**place for place in range(13)) / 13
    )


def test_less_than_a_year_teaches_no_season() -> None:
    """However strong it looks: nobody can know that it comes again."""
    totals = [Total(as_of, 1_000.0, 1_000.0 * seasonal(as_of)) for as_of in months(9)]
    assert list(level.fit(totals)) == ["log_factor"]


def test_a_season_needs_an_as_of() -> None:
    """A level that follows the season is never applied without one."""
    learned = level.fit([Total(one, 1_000.0, 1_000.0 * seasonal(one)) for one in months(19)])
    with pytest.raises(ScoringError, match="no as-of is known"):
        level.factor(learned, None)
    assert level.factor({}, None) == 1


def test_a_month_without_outcomes_is_refused() -> None:
    """The message names the as-of and the option."""
    with pytest.raises(TrainingError, match=r"2024-04-01.*add up to 0.*--calibrate-on"):
        level.fit([Total(months(2)[0], 10.0, 10.0), Total(months(2)[1], 10.0, 0.0)])
