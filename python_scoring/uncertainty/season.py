"""Yearly season of the outcomes, learned from held-out as-ofs.

A season moves the outcomes of all customers of an as-of together, and no feature of a customer
holds it. It is one or two harmonics of the year (Fourier terms, as in Prophet), in logs or
log-odds. It is learned only if the as-ofs span more than a year and it predicts each of them better
from the others. A trend is fitted with it and not extrapolated, so that it is not taken for a
season.
"""

import math
from datetime import datetime

import numpy as np
import numpy.typing as npt

from python_scoring.errors import ScoringError

Values = npt.NDArray[np.float64]

DAYS_OF_A_YEAR = 365.25
DECIMALS = 9
# Distinct months of the year needed, by number of harmonics.
_MONTHS_NEEDED = {0: 1, 1: 5, 2: 9}


def fit(as_ofs: list[datetime], offsets: Values) -> tuple[float, dict[str, float]]:
    """Return the mean offset and the terms of a season: `cos_1`, `sin_1`, `cos_2`, `sin_2`.

    `offsets` has one value per as-of: observed less predicted, in logs or log-odds. The terms are
    empty if a season does not predict the offsets better.
    """
    allowed = [harmonics for harmonics in _MONTHS_NEEDED if _is_covered(as_ofs, harmonics)]
    best = min(allowed, key=lambda harmonics: (_error(as_ofs, offsets, harmonics), harmonics))
    if best == 0:
        return round(float(offsets.mean()), DECIMALS), {}
    mean, *waves = (round(float(each), DECIMALS) for each in _fitted(as_ofs, offsets, best))
    return mean, dict(zip(_names(best), waves, strict=True))


def offset(terms: dict[str, float], as_of: datetime | None) -> float:
    """Return the season's offset at an as-of; `terms` may have other keys than those of `fit`.

    Raises ScoringError if there is a season and `as_of` is None.
    """
    harmonics = sum(name.startswith("cos_") for name in terms)
    if not harmonics:
        return 0.0
    if as_of is None:
        raise ScoringError("these scores follow the season, and no as-of is known")
    waves = zip(_names(harmonics), _waves(as_of, harmonics), strict=True)
    return math.fsum(terms[name] * wave for name, wave in waves)


def _names(harmonics: int) -> list[str]:
    return [f"{wave}_{number}" for number in range(1, harmonics + 1) for wave in ("cos", "sin")]


def _waves(as_of: datetime, harmonics: int) -> list[float]:
    angle = 2 * math.pi * as_of.timetuple().tm_yday / DAYS_OF_A_YEAR
    return [
        wave(number * angle) for number in range(1, harmonics + 1) for wave in (math.cos, math.sin)
    ]


def _is_covered(as_ofs: list[datetime], harmonics: int) -> bool:
    """Whether the as-ofs identify so many harmonics and a trend, with two as-ofs to spare."""
    is_a_year = (max(as_ofs) - min(as_ofs)).days >= int(DAYS_OF_A_YEAR)
    months = {as_of.month for as_of in as_ofs}
    spare = len(as_ofs) - (2 * harmonics + 2)
    return harmonics == 0 or (
        is_a_year and len(months) >= _MONTHS_NEEDED[harmonics] and spare >= 2  # noqa: PLR2004
    )


def _fitted(as_ofs: list[datetime], offsets: Values, harmonics: int) -> Values:
    """Mean and season by least squares; the trend is fitted with them and not returned."""
    start = min(as_ofs)
    days = np.array([(as_of - start).days for as_of in as_ofs], dtype=np.float64)
    trend = (days - days.mean()) / DAYS_OF_A_YEAR
    waves = np.array([[1.0, *_waves(as_of, harmonics)] for as_of in as_ofs])
    solved = np.linalg.lstsq(np.column_stack([waves, trend]), offsets, rcond=None)[0]
    return np.asarray(solved[:-1], dtype=np.float64)


def _error(as_ofs: list[datetime], offsets: Values, harmonics: int) -> float:
    """Mean squared error of each as-of's offset, predicted from the others."""
    if len(as_ofs) < 2:  # noqa: PLR2004 - nothing to predict it from
        return 0.0
    errors = []
    for place, as_of in enumerate(as_ofs):
        others = [other for number, other in enumerate(as_ofs) if number != place]
        known = np.delete(offsets, place)
        found = _fitted(others, known, harmonics) if harmonics else np.array([known.mean()])
        predicted = math.fsum(
            c * t for c, t in zip(found, [1.0, *_waves(as_of, harmonics)], strict=True)
        )
        errors.append((float(offsets[place]) - predicted) ** 2)
    return round(math.fsum(errors) / len(errors), DECIMALS)
