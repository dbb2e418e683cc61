"""Coverage of bounds: the share of outcomes within them, compared with their level.

models/outcomes/outcome_coverages.sql has the same rule for runs with known outcomes.
"""

import numpy as np
import numpy.typing as npt

from python_scoring.uncertainty.calibration import Values

_FIFTHS = 5
# How often groups are drawn, and from how many groups of neighbours by score each comes.
_DRAWS, _REACH, _SEED = 40, 10, 1


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
    groups = np.reshape(groups_by_score(scores, group_size), (-1, group_size)).astype(np.intp)
    lower, found, upper = (
        values[groups].mean(axis=1) for values in (bounds[0], outcomes, bounds[1])
    )
    return np.asarray((lower <= found) & (found <= upper))


def coverage(
    scores: Values, outcomes: Values, bounds: tuple[Values, Values], group_size: int
) -> float | None:
    """Return the share of groups within their bounds; None if there is no whole group."""
    inside = held(scores, outcomes, bounds, group_size)
    return float(inside.mean()) if len(inside) else None


def by_fifth(
    scores: Values, outcomes: Values, bounds: tuple[Values, Values], group_size: int
) -> list[float]:
    """Return the share of groups within their bounds by fifth of the scores, lowest first.

    Groups are drawn many times from customers of similar scores, since who stands beside whom by
    score is chance: among 3,300 customers a fifth has 25 groups of 25 neighbours, whose share
    differs by five points by chance, and that of drawn groups by two. Fifths without a
    group are left out.
    """
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    draw = np.random.default_rng(_SEED)
    reach = _REACH * group_size / 2
    shares = [
        [
            float(part.mean())
            for part in np.array_split(
                held(ranks + draw.uniform(-reach, reach, len(ranks)), outcomes, bounds, group_size),
                _FIFTHS,
            )
            if len(part)
        ]
        for _ in range(_DRAWS)
    ]
    return [float(share) for share in np.mean(shares, axis=0)]
