"""Calendar of slots: the midnights at which a product is due."""

from datetime import datetime

import duckdb

from python_scoring.project.sql_macros import expression


def slots_between(
    first: datetime, last: datetime, cadence: str, anchor_days: int
) -> list[datetime]:
    """Return the slots of a cadence from the day of `first` to `last`.

    The rule is in macros/schedule/slots.sql. Instants are naive UTC. `anchor_days` are days after
    the natural start of the period.
    """
    slot = expression("slot_at_or_before", "day", "$cadence", anchor_days)
    with duckdb.connect() as connection:
        found = connection.execute(
            "select day from generate_series(date_trunc('day', $first), $last, interval 1 day)"  # noqa: S608
            f" as days (day) where day = {slot}",
            {"first": first, "last": last, "cadence": cadence},
        ).fetchall()
    return [day for (day,) in found]


def deadlines(slots: list[datetime], deadline_hours: int) -> list[datetime]:
    """Return the deadline of each slot, in their order; all instants are naive UTC.

    The rule is in macros/schedule/slots.sql. `deadline_hours` is that of `prediction_contracts`.
    """
    deadline = expression("deadline", "slot", "cast($hours as bigint)")
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {deadline} from (select unnest($slots::timestamp[]) as slot) as listed",  # noqa: S608
            {"slots": slots, "hours": deadline_hours},
        ).fetchall()
    return [deadline for (deadline,) in found]
