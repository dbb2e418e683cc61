"""Bounds around a score: learned on later as-ofs, kept in model.json as a table, read off by it.

An estimate's bounds enclose the outcome of single customers, at the stated level. The outcome of a
single customer is never a probability, so a probability's bounds enclose the share among a group of
customers with such scores, `group_size` of them.

Both are conformal: how far outcomes lay from scores in the calibration as-ofs says how far they may
lie, with the finite-sample correction. Both widen with the score as its errors do; bounds of one
width for all would be too wide for most customers and too narrow for the best.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.uncertainty import calibration
from python_scoring.uncertainty.calibration import Values
from python_scoring.uncertainty.coverage import groups_by_score

_DECIMALS = 6
# The table of a probability: fine enough that straight lines between the rows are exact to 0.001.
_PROBABILITY_ROWS = 101
# The table of an estimate: at most so many groups, each of at least so many customers.
_MOST_GROUPS, _FEWEST_CUSTOMERS = 20, 50


@dataclass(frozen=True)
class IntervalSpec:
    """What the contract asks of bounds: its `uncertainty` and its `valid_range`."""

    level: float
    group_size: int
    minimum: float
    maximum: float

    @classmethod
    def of(cls, contract: ScoringContract) -> "IntervalSpec | None":
        """None where the contract states no level: its scores have no bounds."""
        wanted, limits = contract.uncertainty, contract.valid_range
        if wanted.interval_level is None:
            return None
        return cls(wanted.interval_level, wanted.group_size, limits.minimum, limits.maximum)


@dataclass(frozen=True)
class Calibrated:
    """One calibration as-of: raw scores and the outcomes that followed, customer by customer."""

    scores: Values
    outcomes: Values


def apply(table: dict[str, Any], scores: Values) -> tuple[Values, Values]:
    """Lower and upper bound of each score; they enclose it, and rise with it."""
    lower = np.interp(scores, table["scores"], table["lower"]).round(_DECIMALS)
    upper = np.interp(scores, table["scores"], table["upper"]).round(_DECIMALS)
    return np.minimum(lower, scores), np.maximum(upper, scores)


def of_probabilities(as_ofs: list[Calibrated], spec: IntervalSpec) -> dict[str, Any]:
    """Bounds of the share among `group_size` customers with such a score.

    With two as-ofs or more, each is foretold by a calibration on the others, so that what changes
    from season to season widens the bounds. Raises TrainingError where there are too few customers.
    """
    distances = np.concatenate([_distances(as_ofs, number, spec) for number in range(len(as_ofs))])
    # With fewer, even the widest that was seen is too narrow for the level.
    fewest = int(np.ceil(spec.level / (1 - spec.level) - 1e-9))
    if len(distances) < fewest:
        raise TrainingError(
            f"the calibration as-ofs have {len(distances)} groups of {spec.group_size} "
            f"customers, and bounds need {fewest}: choose more as-ofs with "
            "--calibrate-on, or a smaller group_size in the contract's uncertainty"
        )
    width = _conformal_quantile(distances, spec.level)
    scores: Values = np.arange(_PROBABILITY_ROWS) / (_PROBABILITY_ROWS - 1)
    spread = width * binomial_standard_error(scores, spec.group_size)
    return _table(scores, scores - spread, scores + spread, spec)


def of_estimates(scores: Values, outcomes: Values, spec: IntervalSpec) -> dict[str, Any]:
    """Bounds of single customers' outcomes, from outcomes as multiples of alike scores.

    Half of the customers (every second one by score) give the shape: in each group of scores, the
    multiples between which the outcomes lie. The other half say how much the upper bounds must grow
    or shrink to keep the level. Raises TrainingError where there are too few customers.
    """
    order = np.argsort(scores, kind="stable")
    scores, outcomes = np.maximum(scores[order], 0), outcomes[order]
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
    lower, upper = np.maximum.accumulate(lower), np.maximum.accumulate(upper)
    factor = _factor(scores[1::2], outcomes[1::2], (middles, lower, upper), spec.level)
    upper = np.maximum.accumulate(middles + factor * (upper - middles))
    # Beyond the best group the multiples stay what they are there.
    beyond = spec.maximum / middles[-1]
    return _table(
        np.array([0, *middles, spec.maximum]),
        np.array([0, *lower, lower[-1] * beyond]),
        np.array([upper[0], *upper, upper[-1] * beyond]),
        spec,
    )


def _shape(scores: Values, outcomes: Values, level: float) -> tuple[float, float, float]:
    """Middle score of a group, and the bounds there.

    What the lower bound does not cut off, because many outcomes are zero, the upper one may.
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
    """How far above its score, in units of the upper bound's distance, an outcome may lie."""
    lower, upper = np.interp(scores, rows[0], rows[1]), np.interp(scores, rows[0], rows[2])
    room = np.where(upper > scores, upper - scores, 1e-9)
    needed = np.where(outcomes < np.minimum(lower, scores), np.inf, (outcomes - scores) / room)
    factor = _conformal_quantile(needed, level)
    return max(factor, 0.0) if np.isfinite(factor) else 1.0


def _distances(as_ofs: list[Calibrated], number: int, spec: IntervalSpec) -> Values:
    """How far the share of each group lay from its mean score, in units of chance."""
    own = as_ofs[number]
    others = [other for place, other in enumerate(as_ofs) if place != number] or [own]
    line = calibration.fit(
        np.concatenate([other.scores for other in others]),
        np.concatenate([other.outcomes for other in others]),
    )
    scores = calibration.apply(line, own.scores)
    shares = [
        (scores[group].mean(), own.outcomes[group].mean())
        for group in groups_by_score(scores, spec.group_size)
    ]
    if not shares:
        return np.array([])
    expected, found = (np.array(column) for column in zip(*shares, strict=True))
    return np.asarray(np.abs(found - expected) / binomial_standard_error(expected, spec.group_size))


def binomial_standard_error(probability: Values, group_size: int) -> Values:
    """Standard deviation of a share by chance; never nothing, not even at 0 and 1."""
    variance = probability * (1 - probability) / group_size + 1 / (2 * group_size) ** 2
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _conformal_quantile(values: Values, level: float) -> float:
    """The value that the next one stays below with probability `level`, if it is alike."""
    rank = int(np.ceil((len(values) + 1) * level - 1e-9))
    return float(np.sort(values)[min(rank, len(values)) - 1])


def _table(scores: Values, lower: Values, upper: Values, spec: IntervalSpec) -> dict[str, Any]:
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
