"""Clock and instants of the project: naive UTC datetimes."""

import os
import re
from datetime import datetime, timedelta, timezone

from python_scoring.errors import InputError

NOW = "PREDICTION_NOW"
AN_INSTANT = "an ISO instant, for example 2026-01-05 or 2026-01-05T06:00:00Z"
# As in macros/environment/clock.sql: Python reads more, such as weeks.
ISO_INSTANT = re.compile(
    r"[1-9]\d{3}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)


def parse_instant(text: str) -> datetime:
    """Parse an ISO date or instant to naive UTC; raises ValueError for any other text."""
    if not ISO_INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is not an ISO instant")
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        return instant
    return (instant - (instant.utcoffset() or timedelta())).replace(tzinfo=None)


def named_instant(text: str, name: str) -> datetime:
    """Parse the instant of a variable.

    Raises InputError if the text is none, in the words of macros/environment/clock.sql.
    """
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise InputError(
            f"{name}: '{text}' is not an ISO instant. "
            "Write for example 2026-01-05 or 2026-01-05T06:00:00Z."
        ) from None


def split_request(text: str) -> tuple[str, str]:
    """Split one entry of PREDICTION_AS_OF into product and instant; an empty product is every one.

    The macro `requested_as_ofs` reads the same: `2026-01-05`, or `churn/2026-01-05`.
    """
    product, _, instant = text.strip().rpartition("/")
    return product, instant


def frozen_clock(now: object = None) -> datetime | None:
    """Return the instant `now`, else that of PREDICTION_NOW; None if the clock is not frozen.

    Raises InputError as `named_instant` does.
    """
    frozen = str(now or os.environ.get(NOW) or "")
    return named_instant(frozen, "now" if now else NOW) if frozen else None


def utc_now() -> datetime:
    """Return the real time, even if the clock is frozen: for when something really happened."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def clock() -> datetime:
    """Return the frozen instant, else the real time, as macros/environment/clock.sql plans by."""
    return frozen_clock() or utc_now()
