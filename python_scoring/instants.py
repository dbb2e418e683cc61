"""Instants as the project counts them: naive UTC datetimes."""

import os
from datetime import datetime, timedelta, timezone


def parse_instant(text: str) -> datetime:
    """An ISO date or instant as naive UTC; raises ValueError where it is none."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        return instant
    return (instant - (instant.utcoffset() or timedelta())).replace(tzinfo=None)


def frozen_clock() -> datetime | None:
    """The instant of PREDICTION_NOW; None where the clock runs."""
    frozen = os.environ.get("PREDICTION_NOW")
    return parse_instant(frozen) if frozen else None


def utc_now() -> datetime:
    """The running clock, frozen or not: for what really happened when."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def clock() -> datetime:
    """The present instant, or the frozen one: what macros/environment/clock.sql plans by."""
    return frozen_clock() or utc_now()
