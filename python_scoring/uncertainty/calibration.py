"""Calibration of probabilities: a straight line in log-odds, learned from held-out as-ofs.

This is Platt's method on log-odds. The line rises, so customers keep their order. Two parameters
cannot overfit the few seasons that a calibration sees: beta and isotonic calibration measured no
better on either shop. A season moves the whole line (python_scoring/uncertainty/season.py).
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from python_scoring.errors import TrainingError
from python_scoring.uncertainty import season

Values = npt.NDArray[np.float64]

# Probabilities are clipped to it, so that log-odds are finite.
_MARGIN = 1e-12
_MOST_STEPS = 100
# Larger log-odds would overflow the exponential; the probability is 0 or 1 well before.
_LARGEST = 700.0


@dataclass(frozen=True)
class HeldOut:
    """Held-out as-of: raw probabilities and outcomes of 0 or 1, each of shape (customers,)."""

    as_of: datetime
    scores: Values
    outcomes: Values


def fit_with_season(parts: list[HeldOut]) -> dict[str, float]:
    """Fit `slope` and `intercept` on all as-ofs, and the terms of a season if they predict better.

    Raises TrainingError as `fit` does.
    """
    line = fit(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.outcomes for part in parts]),
    )
    offsets = np.array([_offset(part, line) for part in parts])
    mean, terms = season.fit([part.as_of for part in parts], offsets)
    if not terms:
        return line
    return {**line, "intercept": round(line["intercept"] + mean, season.DECIMALS), **terms}


def _offset(part: HeldOut, line: dict[str, float]) -> float:
    """Shift of the log-odds at which an as-of has its observed number of outcomes.

    Half a customer is added to either outcome, so that the shift is finite.
    """
    odds = line["slope"] * _log_odds(part.scores) + line["intercept"]
    share = (part.outcomes.sum() + 0.5) / (len(odds) + 1)
    moved = 0.0
    for _ in range(_MOST_STEPS):
        expected = _probability(odds + moved)
        weight = float((expected * (1 - expected)).mean())
        if weight <= 0:
            break
        step = float(share - expected.mean()) / weight
        moved += max(-1.0, min(1.0, step))
        if abs(step) < 1e-10:  # noqa: PLR2004 - far below the digits that are kept
            break
    return moved


def fit(scores: Values, outcomes: Values) -> dict[str, float]:
    """Return the `slope` and `intercept` of maximum likelihood, by Newton's method.

    `scores` are raw probabilities and `outcomes` 0 or 1, both of shape (customers,). Raises
    TrainingError if all outcomes are equal, or if higher scores do not go with more outcomes.
    """
    if len(np.unique(outcomes)) < 2:  # noqa: PLR2004 - both of them
        raise TrainingError(
            f"all {len(outcomes)} customers of the calibration as-ofs had the same outcome, so "
            "their probabilities cannot be calibrated: choose other as-ofs with --calibrate-on"
        )
    odds = _log_odds(scores)
    slope, intercept = 1.0, 0.0
    for _ in range(_MOST_STEPS):
        expected = _probability(slope * odds + intercept)
        missing, weight = outcomes - expected, expected * (1 - expected)
        towards = np.array([(missing * odds).sum(), missing.sum()])
        total, mixed, square = weight.sum(), (weight * odds).sum(), (weight * odds * odds).sum()
        determinant = total * square - mixed * mixed
        if not determinant > 0:
            break
        step = np.array(
            [total * towards[0] - mixed * towards[1], square * towards[1] - mixed * towards[0]]
        )
        step /= determinant
        slope, intercept = slope + step[0], intercept + step[1]
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004 - far below the digits that are kept
            break
    if not (np.isfinite(slope) and np.isfinite(intercept) and slope > 0):
        raise TrainingError(
            f"the calibration found a slope of {slope:.3g}: in the calibration as-ofs higher "
            "scores did not go with more outcomes. The model does not rank these customers; "
            "train on more or other as-ofs."
        )
    return {"slope": round(float(slope), 9), "intercept": round(float(intercept), 9)}


def apply(calibration: dict[str, float], scores: Values, as_of: datetime | None = None) -> Values:
    """Return calibrated probabilities; the scores themselves if `calibration` is empty.

    Raises ScoringError if the calibration follows the season and `as_of` is None.
    """
    if not calibration:
        return scores
    intercept = calibration["intercept"] + season.offset(calibration, as_of)
    return _probability(calibration["slope"] * _log_odds(scores) + intercept)


def _log_odds(probabilities: Values) -> Values:
    inside = np.clip(probabilities, _MARGIN, 1 - _MARGIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float64)


def _probability(log_odds: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -_LARGEST, _LARGEST))), dtype=np.float64)
