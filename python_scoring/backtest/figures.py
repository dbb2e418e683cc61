"""Figures of scores against outcomes, for any weights of the customers.

A weight is how often a customer was drawn in a bootstrap sample; all ones give the plain figure.
Scores are ranked once, so that a sample costs one pass.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from python_scoring.uncertainty.coverage import by_fifth, groups_by_score, held

Values = npt.NDArray[np.float64]

TENTHS = 10
_LEAST = 1e-12  # a probability or estimate of nothing would make a deviance infinite


@dataclass(frozen=True)
class Measured:
    """Scores of one model beside outcomes, one row per customer and as-of.

    `lower` and `upper` are None where the model states no bounds. `is_probability` tells outcomes
    of 0 and 1 from amounts. `as_ofs` numbers the as-of of each row; None where all have the same.
    """

    scores: Values
    outcomes: Values
    lower: Values | None
    upper: Values | None
    group_size: int
    is_probability: bool
    as_ofs: npt.NDArray[np.intp] | None = None

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        return np.argsort(self.scores, kind="stable")

    @cached_property
    def _ties(self) -> npt.NDArray[np.intp]:
        """Where each group of equal scores starts, in order."""
        ordered = self.scores[self._order]
        return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    @cached_property
    def _tenths(self) -> list[npt.NDArray[np.intp]]:
        """Customers by tenth of the scores, the lowest first."""
        return np.array_split(self._order, TENTHS)

    @cached_property
    def _held(self) -> tuple[list[npt.NDArray[np.intp]], npt.NDArray[np.bool_]] | None:
        if self.lower is None or self.upper is None:
            return None
        as_ofs = np.zeros(len(self.scores), np.intp) if self.as_ofs is None else self.as_ofs
        groups, verdicts = [], []
        # A group is of one as-of: twice the same customer would be no two outcomes.
        for as_of in np.unique(as_ofs):
            rows = np.flatnonzero(as_ofs == as_of)
            scores, bounds = self.scores[rows], (self.lower[rows], self.upper[rows])
            groups += [rows[group] for group in groups_by_score(scores, self.group_size)]
            verdicts.append(held(scores, self.outcomes[rows], bounds, self.group_size))
        return groups, np.concatenate(verdicts)

    def figures(self, weights: Values) -> dict[str, float | None]:
        """Every figure by name; None where it cannot be computed.

        `auc` of an estimate is that of bringing anything. `calibration_gap` is the mean absolute
        difference of predicted and observed by tenths, relative to the mean outcome. `deviance` is
        the mean log loss doubled, or the mean Poisson deviance. `lift_<n>` is the mean outcome of a
        tenth, the highest scores first, relative to that of all.
        """
        total = weights.sum()
        outcome = float(weights @ self.outcomes / total)
        score = float(weights @ self.scores / total)
        found: dict[str, float | None] = {
            "auc": self._auc(weights),
            "mean_outcome": outcome,
            "mean_score": score,
            "bias": score / outcome - 1 if outcome > 0 else None,
            "deviance": float(weights @ self._deviances / total),
            "calibration_gap": self._gap(weights) / outcome if outcome > 0 else None,
            "coverage": self._coverage(weights),
        }
        error = self.scores - self.outcomes
        if self.is_probability:
            found["brier"] = float(weights @ (error * error) / total)
        else:
            found["mae"] = float(weights @ np.abs(error) / total)
        for number, tenth in enumerate(reversed(self._tenths), start=1):
            own = weights[tenth]
            mean = float(own @ self.outcomes[tenth] / own.sum()) if own.sum() else None
            found[f"lift_{number}"] = None if mean is None or outcome <= 0 else mean / outcome
        return found

    def coverage_by_fifth(self) -> list[float]:
        """Share of drawn groups within their bounds, from the lowest fifth of the scores up.

        Empty without bounds, and over several as-ofs: a group is of one.
        """
        if self.lower is None or self.upper is None:
            return []
        if self.as_ofs is not None and len(np.unique(self.as_ofs)) > 1:
            return []
        bounds = (self.lower, self.upper)
        return by_fifth(self.scores, self.outcomes, bounds, self.group_size)

    @cached_property
    def _deviances(self) -> Values:
        if self.is_probability:
            inside = np.clip(self.scores, _LEAST, 1 - _LEAST)
            logs = self.outcomes * np.log(inside) + (1 - self.outcomes) * np.log(1 - inside)
            return np.asarray(-2 * logs, dtype=np.float64)
        expected = np.maximum(self.scores, _LEAST)
        ratio = np.where(self.outcomes > 0, self.outcomes / expected, 1)
        return np.asarray(
            2 * (self.outcomes * np.log(ratio) - (self.outcomes - expected)), dtype=np.float64
        )

    def _auc(self, weights: Values) -> float | None:
        """Share of pairs in order, equal scores counted half."""
        ordered = weights[self._order]
        is_positive = (self.outcomes > 0)[self._order]
        positive = np.add.reduceat(ordered * is_positive, self._ties)
        negative = np.add.reduceat(ordered * ~is_positive, self._ties)
        pairs = positive.sum() * negative.sum()
        if pairs <= 0:
            return None
        below = np.cumsum(negative) - negative
        return float((positive * (below + negative / 2)).sum() / pairs)

    def _gap(self, weights: Values) -> float:
        sums = [
            abs(float(weights[tenth] @ (self.scores[tenth] - self.outcomes[tenth])))
            for tenth in self._tenths
        ]
        return float(np.sum(sums) / weights.sum())

    def _coverage(self, weights: Values) -> float | None:
        """Of whole groups. A group has one verdict, so it is drawn as one of its customers is."""
        if self._held is None or not len(self._held[1]):
            return None
        groups, inside = self._held
        drawn = np.array([weights[group[len(group) // 2]] for group in groups])
        return float(drawn @ inside / drawn.sum()) if drawn.sum() else None
