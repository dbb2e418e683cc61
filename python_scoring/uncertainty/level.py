"""Level of an estimate: a factor that makes totals unbiased, learned from held-out as-ofs."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from python_scoring.errors import TrainingError
from python_scoring.uncertainty import season
from python_scoring.uncertainty.calibration import Values


@dataclass(frozen=True)
class Total:
    """Predicted and observed total over all customers of an as-of, in the unit of the score."""

    as_of: datetime
    predicted: float
    observed: float


def fit(totals: list[Total]) -> dict[str, float]:
    """Fit `log_factor`, and the terms of a season if they predict better.

    Raises TrainingError if an as-of has no predicted or no observed total.
    """
    for total in totals:
        if not (total.predicted > 0 and total.observed > 0):
            raise TrainingError(
                f"the outcomes of the calibration as-of {total.as_of} add up to {total.observed:g}"
                f", where {total.predicted:g} was predicted, so the level of the estimates cannot "
                "be learned: choose other as-ofs with --calibrate-on"
            )
    logs = np.log([total.observed / total.predicted for total in totals])
    mean, terms = season.fit([total.as_of for total in totals], logs)
    if not terms:
        observed = math.fsum(total.observed for total in totals)
        predicted = math.fsum(total.predicted for total in totals)
        mean = round(math.log(observed / predicted), season.DECIMALS)
    return {"log_factor": mean, **terms}


def factor(level: dict[str, float], as_of: datetime | None) -> float:
    """Return the factor for raw estimates of an as-of; 1 if no level was learned.

    Raises ScoringError if the level follows the season and `as_of` is None.
    """
    return math.exp(level.get("log_factor", 0.0) + season.offset(level, as_of))


def apply(level: dict[str, float], scores: Values, as_of: datetime | None) -> Values:
    """Return raw estimates times their factor, of shape (customers,)."""
    return scores * factor(level, as_of) if level else scores
