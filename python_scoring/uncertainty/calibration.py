"""Calibration of probabilities: a straight line in log-odds (Platt scaling), from later as-ofs.

The line rises, so customers keep their order, and two parameters cannot fit noise: with the few
seasons that a calibration sees, more freedom (beta, isotonic) won nothing on either shop.
"""

import numpy as np
import numpy.typing as npt

from python_scoring.errors import TrainingError

Values = npt.NDArray[np.float64]

# Clipping keeps log-odds finite: beyond it a probability is certain to one in a million million.
_MARGIN = 1e-12
_MOST_STEPS = 100
# Beyond it the exponential overflows, and a probability has long been 0 or 1.
_LARGEST = 700.0


def fit(scores: Values, outcomes: Values) -> dict[str, float]:
    """Return slope and intercept with the maximum likelihood, by Newton's method.

    `scores` are raw probabilities, `outcomes` 0 or 1, both of shape (customers,). Raises
    TrainingError if there is only one outcome, or if higher scores did not go with more outcomes.
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


def apply(calibration: dict[str, float], scores: Values) -> Values:
    """Return the calibrated probabilities; the scores themselves without a calibration."""
    if not calibration:
        return scores
    return _probability(calibration["slope"] * _log_odds(scores) + calibration["intercept"])


def _log_odds(probabilities: Values) -> Values:
    inside = np.clip(probabilities, _MARGIN, 1 - _MARGIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float64)


def _probability(log_odds: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -_LARGEST, _LARGEST))), dtype=np.float64)
