"""Coverage of bounds: the share of outcomes within them, compared with their level.

models/outcomes/outcome_coverages.sql has the same rule for runs with known outcomes.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from python_scoring.uncertainty.calibration import Values

FIFTHS = 5  # of the groups by score


def groups_by_score(scores: Values, group_size: int) -> list[npt.NDArray[np.intp]]:
    """Return customers' indices in groups of one size, lowest scores first, without a remainder."""
    order = np.argsort(scores, kind="stable")
    whole = len(order) // group_size
    return [order[number * group_size : (number + 1) * group_size] for number in range(whole)]


def held(
    scores: Values, outcomes: Values, bounds: tuple[Values, Values], group_size: int
) -> npt.NDArray[np.bool_]:
    """Return for each group whether its mean outcome lies within its mean bounds.

    Groups are those of `groups_by_score`, lowest scores first.
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
    """Return the share of groups within their bounds; None if there is no whole group."""
    inside = held(scores, outcomes, bounds, group_size)
    return float(inside.mean()) if len(inside) else None


def by_fifth(inside: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
    """Return what `held` returned by fifth of the scores, lowest first, without empty fifths."""
    return [part for part in np.array_split(inside, FIFTHS) if len(part)]


def chance_of_fewer(parts: list[npt.NDArray[np.bool_]], share: float) -> float:
    """Return the probability that parts which hold `share` hold as few as the worst of these.

    Binomial, of the least probable part, corrected for their number as Holm's first step does
    (Scandinavian Journal of Statistics 6, 1979). Groups of one part count as independent. `parts`
    is not empty.
    """
    least = min(float(binom.cdf(part.sum(), len(part), share)) for part in parts)
    return min(1.0, len(parts) * least)
