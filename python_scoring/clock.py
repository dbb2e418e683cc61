"""Instants as the project counts them: naive UTC datetimes."""

import os
from datetime import datetime, timedelta, timezone

from python_scoring.errors import InputError


def parse_instant(text: str) -> datetime:
    """An ISO date or instant as naive UTC; raises ValueError where it is none."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        return instant
    return (instant - (instant.utcoffset() or timedelta())).replace(tzinfo=None)


def frozen_clock(now: object = None) -> datetime | None:
    """The instant `now`, else that of PREDICTION_NOW; None where the clock runs.

    Raises InputError, in the words of macros/environment/clock.sql, where it is no instant.
    """
    frozen = str(now or os.environ.get("PREDICTION_NOW") or "")
    if not frozen:
        return None
    try:
        return parse_instant(frozen)
    except ValueError:
        raise InputError(
            f"now: '{frozen}' is not an ISO instant. "
            "Write for example 2026-01-05 or 2026-01-05T06:00:00Z."
        ) from None


def utc_now() -> datetime:
    """The running clock, frozen or not: for what really happened when."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def clock() -> datetime:
    """The present instant, or the frozen one: what macros/environment/clock.sql plans by."""
    return frozen_clock() or utc_now()
