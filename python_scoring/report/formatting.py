"""Numbers, instants and names formatted for people."""

import re
from collections.abc import Sequence
from datetime import date, datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_ACRONYMS = ("psi", "sla")

NOTHING = "–"  # noqa: RUF001 - a dash, as tables have it


def name(identifier: str) -> str:
    """Format a product, label or check: `at_risk` as At risk; `clv` is an acronym."""
    formatting = lower_name(identifier)
    return formatting[:1].upper() + formatting[1:]


def lower_name(identifier: str) -> str:
    """Format the same for the middle of a sentence."""
    return " ".join(_word(part) for part in identifier.split("_"))


def _word(part: str) -> str:
    """Return a word, in capitals if it has no vowels, as an acronym."""
    is_acronym = part.isalpha() and not set(part.lower()) & set("aeiouy")
    return part.upper() if is_acronym or part in _ACRONYMS else part


def slug(identifier: str) -> str:
    """Return a name as part of an id in HTML."""
    return re.sub(r"[^a-z0-9]+", "-", identifier.lower()).strip("-") or "x"


def day(instant: date | None) -> str:
    """Format as 23 Nov 2026."""
    if instant is None:
        return NOTHING
    return f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}"


def short_day(instant: date) -> str:
    """Format as 23 Nov."""
    return f"{instant.day} {_MONTHS[instant.month - 1]}"


def moment(instant: datetime | None) -> str:
    """Format as Mon 23 Nov 2026, 06:15."""
    if instant is None:
        return NOTHING
    return f"{_DAYS[instant.weekday()]} {day(instant)}, {instant:%H:%M}"


def slot(instant: datetime | None) -> str:
    """Format an as-of: the day alone if it is midnight, as nearly always."""
    if instant is None:
        return NOTHING
    if instant.hour or instant.minute:
        return moment(instant)
    return f"{_DAYS[instant.weekday()]} {day(instant)}"


def short_moment(instant: datetime | None) -> str:
    """Format a moment of the last weeks, without the year."""
    return moment(instant).replace(f" {instant.year}" if instant else "", "", 1)


def short_slot(instant: datetime | None) -> str:
    """Format a slot of the last weeks, without the year."""
    return slot(instant).replace(f" {instant.year}" if instant else "", "", 1)


def hours(count: float | None) -> str:
    """Format a span in its two largest units: 3 days 4 hours."""
    if count is None:
        return NOTHING
    minutes = max(0, round(count * 60))
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    first = next((place for place, (number, _) in enumerate(parts) if number), 2)
    told = [plural(number, unit) for number, unit in parts[first : first + 2] if number]
    return " ".join(told) or "0 minutes"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Format a number with its noun."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def count_word(count: int) -> str:
    """Return a small number as a word."""
    return _SMALL[count] if count < len(_SMALL) else f"{count:,}"


def percent(share: float | None, decimals: int = 1) -> str:
    """Format a share as a percentage; 0% only for exactly none, and 100% only for all."""
    if share is None:
        return NOTHING
    if share in (0, 1):
        return f"{share:.0%}"
    smallest = 10.0**-decimals
    rounded = round(100 * share, decimals)
    if rounded <= 0:
        return f"<{smallest:.{decimals}f}%"
    if rounded >= 100:  # noqa: PLR2004 - percent
        return f">{100 - smallest:.{decimals}f}%"
    return f"{rounded:.{decimals}f}%"


def number(value: float | None, decimals: int = 3) -> str:
    """Format a number with thousands separated and only meaningful decimals."""
    if value is None:
        return NOTHING
    return f"{value:,.{decimals}f}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """Format as `a, b and c`."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """Add a full stop, and a capital letter unless the text begins with an identifier."""
    text = text.strip()
    if not text:
        return text
    first = text[0] if "_" in text.split()[0] else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?…" else ".")


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, whole, with a full stop."""
    first = re.split(r"(?<=[.!?])\s+", text.strip())[0]
    return first + ("" if first[-1:] in ("", ".", "!", "?") else ".")


def beginning(text: str) -> str:
    """Return the first sentence of a text, whole, and how many follow."""
    others = len(re.findall(r"(?<=[.!?])\s+", text.strip()))
    return f"{first_sentence(text)} ({others} more)" if others else first_sentence(text)
