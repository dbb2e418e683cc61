"""Clock and instants of the project: naive UTC datetimes."""

import os
from datetime import datetime, timedelta, timezone

from python_scoring.errors import InputError

NOW = "PREDICTION_NOW"


def parse_instant(text: str) -> datetime:
    """Parse an ISO date or instant to naive UTC; raises ValueError for any other text."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        return instant
    return (instant - (instant.utcoffset() or timedelta())).replace(tzinfo=None)


def frozen_clock(now: object = None) -> datetime | None:
    """Return the instant `now`, else that of PREDICTION_NOW; None if the clock is not frozen.

    Raises InputError if the text is not an ISO instant, in the words of
    macros/environment/clock.sql.
    """
    frozen = str(now or os.environ.get(NOW) or "")
    if not frozen:
        return None
    try:
        return parse_instant(frozen)
    except (ValueError, OverflowError):
        raise InputError(
            f"{'now' if now else NOW}: '{frozen}' is not an ISO instant. "
            "Write for example 2026-01-05 or 2026-01-05T06:00:00Z."
        ) from None


def utc_now() -> datetime:
    """Return the real time, even if the clock is frozen: for when something really happened."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def clock() -> datetime:
    """Return the frozen instant, else the real time, as macros/environment/clock.sql plans by."""
    return frozen_clock() or utc_now()
