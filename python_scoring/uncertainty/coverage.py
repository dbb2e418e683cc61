"""Whether bounds keep their level: the share of outcomes that lay within them.

The same rule in SQL, for runs whose outcomes are known, stands in macros/outcomes.
"""

import numpy as np
import numpy.typing as npt

from python_scoring.uncertainty.calibration import Values


def groups_by_score(scores: Values, group_size: int) -> list[npt.NDArray[np.intp]]:
    """Customers in groups of that size from the lowest score up; the rest joins no group."""
    order = np.argsort(scores, kind="stable")
    whole = len(order) // group_size
    return [order[number * group_size : (number + 1) * group_size] for number in range(whole)]


def held(
    scores: Values, outcomes: Values, bounds: tuple[Values, Values], group_size: int
) -> npt.NDArray[np.bool_]:
    """Whether the mean outcome of each group lay within its mean bounds, from the lowest score up.

    Groups are whole; groups of one are customers.
    """
    lower, upper = bounds
    return np.array(
        [
            lower[group].mean() <= outcomes[group].mean() <= upper[group].mean()
            for group in groups_by_score(scores, group_size)
        ],
        dtype=bool,
    )


def coverage(
    scores: Values, outcomes: Values, bounds: tuple[Values, Values], group_size: int
) -> float | None:
    """Share of the groups that `held` finds; None where there are too few customers for a group."""
    inside = held(scores, outcomes, bounds, group_size)
    return float(inside.mean()) if len(inside) else None
