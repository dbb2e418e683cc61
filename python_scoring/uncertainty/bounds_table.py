"""Table of bounds, as model.json has it."""

from typing import TypedDict


class BoundsTable(TypedDict, total=False):
    """Bounds at each score of a rising list, to be interpolated between them.

    `interval_level` is the stated level, `group_size` the number of customers whose mean outcome
    the bounds enclose (1 for estimates).
    """

    interval_level: float
    group_size: int
    scores: list[float]
    lower: list[float]
    upper: list[float]
