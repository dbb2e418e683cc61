"""Performance that a run's calibrated probabilities expect of themselves, before any outcome.

Where probabilities come true, a customer with probability p has the outcome once in 1 / p, so that
the expected AUC, Brier score, precision and recall follow from the scores alone (confidence-based
performance estimation; Guillory et al., ICCV 2021). The interval has two parts. By how much
probabilities moved from one as-of to another is what the bounds of the scores hold beyond chance:
they may lie higher or lower by it, or higher above the mean and lower below it, and the reverse.
What chance makes of so many outcomes is added in squares.

It sees that customers are others than before (covariate shift). That the same customers behave
otherwise (concept drift) it cannot see: the scores are then wrong about themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

DECIMALS = 6
# Directions in which probabilities may lie, below and above their mean, in half-widths.
DIRECTIONS = ((0.0, 0.0), (-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0))


@dataclass(frozen=True)
class ScoredBins:
    """Customers of a run with about the same score: their number, mean score, bounds and band.

    Each array has shape (bins,), and the bins are in any order. `bands` are positions of labels,
    the lowest scores first. The bounds hold the share of the outcome in `group_size` customers with
    a probability of `level`.
    """

    customers: Values
    scores: Values
    lower: Values
    upper: Values
    bands: npt.NDArray[np.int64]
    level: float
    group_size: int

    def sorted(self) -> "ScoredBins":
        """The same bins by score, in one order whatever it was."""
        order = np.lexsort((self.customers, self.bands, self.upper, self.lower, self.scores))
        arrays = ("customers", "scores", "lower", "upper", "bands")
        return replace(self, **{name: getattr(self, name)[order] for name in arrays})

    @property
    def drift(self) -> Values:
        """Half-width of what bounds hold beyond what chance makes of a group's outcomes."""
        half = (self.upper - self.lower) / 2
        chance = _deviate(self.level) ** 2 * self.scores * (1 - self.scores) / self.group_size
        return np.asarray(np.sqrt(np.maximum(half * half - chance, 0)))

    def possible(self) -> Iterator[Values]:
        """The probabilities that may be true: as the scores say, then farther off each way."""
        mean = _total(self.customers * self.scores) / _total(self.customers)
        for below, above in DIRECTIONS:
            moved = np.where(self.scores < mean, below, above) * self.drift
            yield np.clip(self.scores + moved, 0, 1)


@dataclass(frozen=True)
class Expectation:
    """An expected figure, and the interval that holds it with the level of the bounds.

    `scope` is `all customers`, or the label from which on customers count as chosen.
    """

    metric: str  # auc, brier, precision or recall
    scope: str
    expected: float
    lower: float
    upper: float


def expectations(bins: ScoredBins, labels: Sequence[str]) -> list[Expectation]:
    """Return the expected figures of a run; none without customers, or where nothing can be told.

    `labels` are the bands by name. AUC is missing where an outcome is certain for all, precision
    and recall of a label where nobody has it. Rounded to six decimals, for any order of the bins.
    """
    if not len(bins.scores) or _total(bins.customers) <= 0:
        return []
    bins = bins.sorted()
    everybody = np.ones(len(bins.scores), dtype=bool)
    chosen: list[tuple[str, Chosen, tuple[str, ...]]] = [
        ("all customers", everybody, ("auc", "brier"))
    ]
    for number, label in enumerate(labels[1:], start=1):
        scope = label if number == len(labels) - 1 else f"{label} or higher"
        chosen.append((scope, bins.bands >= number, ("precision", "recall")))
    found = []
    for scope, customers, metrics in chosen:
        for metric in metrics:
            figures = [FIGURES[metric](bins, possible, customers) for possible in bins.possible()]
            expected, deviation = figures[0]
            if np.isnan(expected):
                continue
            values = [value for value, _ in figures if not np.isnan(value)]
            chance = _deviate(bins.level) * deviation
            lower = expected - np.hypot(expected - min(values), chance)
            upper = expected + np.hypot(max(values) - expected, chance)
            within = np.clip([lower, upper], 0, 1).round(DECIMALS)
            found.append(
                Expectation(metric, scope, round(float(expected), DECIMALS), *within.tolist())
            )
    return found


def _deviate(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _total(values: Values) -> float:
    return float(values.sum())


def _auc(bins: ScoredBins, possible: Values, _: Chosen) -> tuple[float, float]:
    """The share of pairs in order, bins of one score counted half; its deviation by Hanley, McNeil.

    Radiology 143, 1982.
    """
    positive = bins.customers * possible
    negative = bins.customers - positive
    positives, negatives = _total(positive), _total(negative)
    if positives < 1 or negatives < 1:
        return np.nan, np.nan
    below = np.cumsum(negative) - negative
    auc = _total(positive * (below + negative / 2)) / (positives * negatives)
    variance = (
        auc * (1 - auc)
        + (positives - 1) * (auc / (2 - auc) - auc * auc)
        + (negatives - 1) * (2 * auc * auc / (1 + auc) - auc * auc)
    ) / (positives * negatives)
    return auc, float(np.sqrt(max(variance, 0)))


def _brier(bins: ScoredBins, possible: Values, _: Chosen) -> tuple[float, float]:
    missed = possible * (1 - bins.scores) ** 2 + (1 - possible) * bins.scores**2
    spread = possible * (1 - possible) * (1 - 2 * bins.scores) ** 2
    total = _total(bins.customers)
    return (
        _total(bins.customers * missed) / total,
        float(np.sqrt(_total(bins.customers * spread))) / total,
    )


def _precision(bins: ScoredBins, possible: Values, chosen: Chosen) -> tuple[float, float]:
    customers = bins.customers * chosen
    total = _total(customers)
    if total < 1:
        return np.nan, np.nan
    deviation = float(np.sqrt(_total(customers * possible * (1 - possible)))) / total
    return _total(customers * possible) / total, deviation


def _recall(bins: ScoredBins, possible: Values, chosen: Chosen) -> tuple[float, float]:
    """The share of the outcomes among the chosen; its deviation to the first order."""
    expected = bins.customers * possible
    total = _total(expected)
    if total < 1 or not (chosen & (bins.customers > 0)).any():
        return np.nan, np.nan
    recall = _total(expected * chosen) / total
    spread = expected * (1 - possible) * (chosen - recall) ** 2
    return recall, float(np.sqrt(_total(spread))) / total


FIGURES = {"auc": _auc, "brier": _brier, "precision": _precision, "recall": _recall}
