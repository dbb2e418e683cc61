"""Calendar of slots: the midnights at which a product is due."""

from datetime import datetime


def is_slot(day: datetime, cadence: str, anchor_days: int) -> bool:
    """Whether this midnight is a slot of the cadence; mirrors macros/schedule/slots.sql."""
    if cadence == "daily":
        return True
    if cadence == "weekly":
        return day.weekday() == anchor_days
    if cadence == "monthly":
        return day.day == anchor_days + 1
    start_of_quarter = day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return (day - start_of_quarter).days == anchor_days
