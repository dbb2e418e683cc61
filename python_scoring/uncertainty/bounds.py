"""Bounds around a score: learned on as-ofs held out of the fit, stored in model.json as a table.

The bounds of an estimate enclose the outcome of single customers at the stated level. The bounds of
a probability enclose the observed share in a group of `group_size` customers with such scores,
because the outcome of a single customer is 0 or 1.

Both are conformal: the distances between held-out scores and their outcomes give the width, with
the finite-sample correction (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World,
2005). The width follows the score as its errors do. One width for all would be too wide for most
customers and too narrow for the highest scores.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.uncertainty.bounds_table import BoundsTable
from python_scoring.uncertainty.calibration import Values
from python_scoring.uncertainty.coverage import groups_by_score

_DECIMALS = 6
# The table of a probability: fine enough that straight lines between the rows are exact to 0.001.
_PROBABILITY_ROWS = 101
_FIFTHS = 5
# The table of an estimate: at most so many groups, each of at least so many customers.
_MOST_GROUPS, _FEWEST_CUSTOMERS = 20, 50


@dataclass(frozen=True)
class IntervalSpec:
    """Level, group size and limits of bounds, as a contract states them."""

    level: float
    group_size: int
    minimum: float
    maximum: float

    @classmethod
    def of(cls, contract: ScoringContract) -> "IntervalSpec | None":
        """Return the spec of a contract; None if it states no level, so scores have no bounds."""
        wanted, limits = contract.uncertainty, contract.valid_range
        if wanted.interval_level is None:
            return None
        return cls(wanted.interval_level, wanted.group_size, limits.minimum, limits.maximum)


@dataclass(frozen=True)
class Calibrated:
    """Held-out as-of: calibrated scores and outcomes, each of shape (customers,)."""

    scores: Values
    outcomes: Values


def apply(table: BoundsTable, scores: Values) -> tuple[Values, Values]:
    """Return lower and upper bounds of shape (customers,); they enclose and rise with scores."""
    lower = np.interp(scores, table["scores"], table["lower"]).round(_DECIMALS)
    upper = np.interp(scores, table["scores"], table["upper"]).round(_DECIMALS)
    return np.minimum(lower, scores), np.maximum(upper, scores)


def of_probabilities(as_ofs: list[Calibrated], spec: IntervalSpec) -> BoundsTable:
    """Learn bounds of the share in a group of `group_size` customers with a score.

    `as_ofs` hold calibrated scores of models that were fitted without them, so changes from one
    as-of to another widen the bounds. The width is learned per fifth of the groups and shrunk
    halfway to the overall width. It is never less than chance alone requires.

    Raises TrainingError if there are too few customers.
    """
    parts = [_distances(part, spec) for part in as_ofs]
    expected, distances = (np.concatenate(column) for column in zip(*parts, strict=True))
    # With fewer groups, even the largest distance is too small for the level.
    fewest = int(np.ceil(spec.level / (1 - spec.level) - 1e-9))
    if len(distances) < fewest:
        raise TrainingError(
            f"the calibration as-ofs have {len(distances)} groups of {spec.group_size} "
            f"customers, and bounds need {fewest}: choose more as-ofs with "
            "--calibrate-on, or a smaller group_size in the contract's uncertainty"
        )
    middles, widths = _widths(expected, distances, spec.level, fewest)
    scores: Values = np.arange(_PROBABILITY_ROWS) / (_PROBABILITY_ROWS - 1)
    width = np.interp(scores, middles, widths)
    spread = width * binomial_standard_error(scores, spec.group_size)
    return _table(scores, scores - spread, scores + spread, spec)


def _widths(
    expected: Values, distances: Values, level: float, fewest: int
) -> tuple[Values, Values]:
    """Return the mean score of each fifth of the groups and the width there, in standard errors.

    Chance alone requires the normal quantile of the level, in standard errors as
    `binomial_standard_error` has them.
    """
    of_chance = NormalDist().inv_cdf((1 + level) / 2)
    of_all = _conformal_quantile(distances, level)
    order = np.argsort(expected, kind="stable")
    fifths = np.array_split(order, min(_FIFTHS, len(order) // fewest))
    middles = np.array([expected[fifth].mean() for fifth in fifths])
    widths = [(_conformal_quantile(distances[fifth], level) + of_all) / 2 for fifth in fifths]
    return middles, np.maximum(widths, of_chance)


def of_estimates(as_ofs: list[Calibrated], spec: IntervalSpec) -> BoundsTable:
    """Learn bounds of single customers' outcomes, as multiples of the score.

    Every second customer by score gives the shape: per group of similar scores, the multiples
    between which the outcomes lie. The other customers give the factor by which the upper bounds
    grow or shrink to keep the level. An as-of that needs a larger factor than all together counts
    with its own, so changes from one as-of to another widen the bounds.

    Raises TrainingError if there are too few customers.
    """
    scores = np.concatenate([part.scores for part in as_ofs])
    order = np.argsort(scores, kind="stable")
    scores = np.maximum(scores[order], 0)
    outcomes = np.concatenate([part.outcomes for part in as_ofs])[order]
    groups = min(_MOST_GROUPS, len(scores) // (2 * _FEWEST_CUSTOMERS))
    if groups < 2:  # noqa: PLR2004 - a line needs two points
        raise TrainingError(
            f"the calibration as-ofs have {len(scores)} customers, and bounds need "
            f"{4 * _FEWEST_CUSTOMERS}: choose more as-ofs with --calibrate-on"
        )
    rows = [
        _shape(*part, spec.level)
        for part in zip(
            np.array_split(scores[::2], groups), np.array_split(outcomes[::2], groups), strict=True
        )
    ]
    middles, lower, upper = (np.array(column) for column in zip(*rows, strict=True))
    shape = (middles, np.maximum.accumulate(lower), np.maximum.accumulate(upper))
    of_all = _factor(scores[1::2], outcomes[1::2], shape, spec.level)
    of_each = [max(of_all, _factor_of(part, shape, spec.level)) for part in as_ofs]
    factor = float(np.mean(of_each))
    _, lower, upper = shape
    upper = np.maximum.accumulate(middles + factor * (upper - middles))
    # Above the highest group its multiples apply.
    beyond = spec.maximum / middles[-1]
    return _table(
        np.array([0, *middles, spec.maximum]),
        np.array([0, *lower, lower[-1] * beyond]),
        np.array([upper[0], *upper, upper[-1] * beyond]),
        spec,
    )


def _factor_of(part: Calibrated, shape: tuple[Values, Values, Values], level: float) -> float:
    """Factor that one as-of needs, from the customers that did not give the shape."""
    order = np.argsort(part.scores, kind="stable")[1::2]
    if len(order) < _FEWEST_CUSTOMERS:
        return 0.0
    return _factor(np.maximum(part.scores[order], 0), part.outcomes[order], shape, level)


def _shape(scores: Values, outcomes: Values, level: float) -> tuple[float, float, float]:
    """Return the median score of a group and the bounds there.

    Many outcomes are zero, so the lower bound may exclude fewer than its share. The upper bound
    excludes the remainder.
    """
    middle = float(np.median(scores))
    multiples = outcomes / np.where(scores > 0, scores, 1)
    lowest = np.quantile(multiples, (1 - level) / 2, method="inverted_cdf")
    left_out = float((multiples < lowest).mean())
    highest = np.quantile(multiples, min(1.0, level + left_out), method="inverted_cdf")
    return middle, min(lowest, 1) * middle, max(highest, 1) * middle


def _factor(
    scores: Values, outcomes: Values, rows: tuple[Values, Values, Values], level: float
) -> float:
    """Conformal distance of outcomes above their score, in units of the upper bound's distance."""
    lower, upper = np.interp(scores, rows[0], rows[1]), np.interp(scores, rows[0], rows[2])
    room = np.where(upper > scores, upper - scores, 1e-9)
    needed = np.where(outcomes < np.minimum(lower, scores), np.inf, (outcomes - scores) / room)
    factor = _conformal_quantile(needed, level)
    return max(factor, 0.0) if np.isfinite(factor) else 1.0


def _distances(part: Calibrated, spec: IntervalSpec) -> tuple[Values, Values]:
    """Mean score of each group, and the distance of its observed share, in standard errors."""
    groups = groups_by_score(part.scores, spec.group_size)
    expected = np.array([part.scores[group].mean() for group in groups])
    found = np.array([part.outcomes[group].mean() for group in groups])
    chance = binomial_standard_error(expected, spec.group_size)
    return expected, np.asarray(np.abs(found - expected) / chance, dtype=np.float64)


def binomial_standard_error(probability: Values, group_size: int) -> Values:
    """Standard deviation of a share in a group by chance; positive even at 0 and 1."""
    variance = probability * (1 - probability) / group_size + 1 / (2 * group_size) ** 2
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _conformal_quantile(values: Values, level: float) -> float:
    """Value that the next exchangeable one does not exceed with probability `level`."""
    rank = int(np.ceil((len(values) + 1) * level - 1e-9))
    return float(np.sort(values)[min(rank, len(values)) - 1])


def _table(scores: Values, lower: Values, upper: Values, spec: IntervalSpec) -> BoundsTable:
    limits = (spec.minimum, spec.maximum)
    return {
        "interval_level": spec.level,
        "group_size": spec.group_size,
        "scores": _rounded(scores),
        "lower": _rounded(np.clip(np.minimum(lower, scores), *limits)),
        "upper": _rounded(np.clip(np.maximum(upper, scores), *limits)),
    }


def _rounded(values: Values) -> list[float]:
    return [float(value) for value in values.round(_DECIMALS)]
