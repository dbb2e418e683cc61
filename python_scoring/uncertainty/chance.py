"""Probability of a distance between two distributions if nothing has changed.

Both are drawn many times from their pooled distribution, a parametric bootstrap (Efron and
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16). The seed is fixed, so equal counts
give equal probabilities. Beyond the draws, the tail is that of the gamma distribution with their
mean and variance, the asymptotic distribution of the population stability index. A share differs in
either direction, and its tail is normal.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, gammaincc

Numbers = npt.NDArray[np.float64]

DRAWS = 2000
SEED = 20250101
# With fewer draws beyond the measured distance, the fitted tail is used.
FEWEST_BEYOND = 20
SMALLEST_SHARE = 0.0001  # equal to smallest_share in macros/guardrails/distances.sql


@dataclass(frozen=True)
class Bins:
    """Shares per bin, one row per draw; `tenths` groups the bins, `edges` are their upper edges.

    The last edge, of the open bin, is NaN. Bins of categories have no edges.
    """

    now: Numbers
    base: Numbers
    tenths: npt.NDArray[np.int64]
    edges: Numbers

    def by_tenth(self) -> tuple[Numbers, Numbers]:
        """Both distributions by tenth; bins of one tenth lie together."""
        starts = np.flatnonzero(np.diff(self.tenths, prepend=self.tenths[0] - 1))
        now, base = (np.add.reduceat(each, starts, axis=1) for each in (self.now, self.base))
        return now, base

    def quantiles(self, places: list[float]) -> tuple[Numbers, Numbers]:
        """Upper edges of the bins that these quantiles fall into, of both distributions."""
        edges = np.where(np.isnan(self.edges), np.nanmax(self.edges), self.edges)

        def at(share: float, shares: Numbers) -> Numbers:
            below = (np.cumsum(shares, axis=1) < share - 1e-9).sum(axis=1)
            return np.asarray(edges[below.clip(max=len(edges) - 1)])

        now, base = (np.stack([at(q, each) for q in places]) for each in (self.now, self.base))
        return now, base


def _psi(bins: Bins) -> Numbers:
    now, base = (np.maximum(each, SMALLEST_SHARE) for each in bins.by_tenth())
    return np.asarray(((now - base) * np.log(now / base)).sum(axis=1))


def _jensen_shannon(bins: Bins) -> Numbers:
    now, base = bins.by_tenth()
    middle = now + base
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(each > 0, 0.5 * each * np.log2(2 * each / middle), 0) for each in (now, base)
        ]
    return np.asarray(np.sqrt(np.maximum((terms[0] + terms[1]).sum(axis=1), 0)))


def _kolmogorov_smirnov(bins: Bins) -> Numbers:
    return np.asarray(np.abs(np.cumsum(bins.now - bins.base, axis=1)).max(axis=1))


def _rise(bins: Bins) -> Numbers:
    return np.asarray(bins.now[:, 0] - bins.base[:, 0])


def _level(bins: Bins) -> Numbers:
    return np.asarray(bins.now[:, 0])


def _share(bins: Bins) -> Numbers:
    return np.abs(_rise(bins))


def _drop(bins: Bins) -> Numbers:
    base = bins.base[:, 0]
    return np.asarray(1 - bins.now[:, 0] / np.where(base > 0, base, np.nan))


def _spread(base: Numbers) -> Numbers:
    return np.where(base[-1] > base[0], base[-1] - base[0], np.nan)


def _mean_shift(bins: Bins) -> Numbers:
    edges = np.where(np.isnan(bins.edges), np.nanmax(bins.edges), bins.edges)
    middles = (edges + np.concatenate([[edges[0]], edges[:-1]])) / 2
    _, base = bins.quantiles([0.1, 0.9])
    shift = np.abs(((bins.now - bins.base) * middles).sum(axis=1))
    return np.asarray(shift / _spread(base))


def _quantile_shift(bins: Bins) -> Numbers:
    now, base = bins.quantiles([0.1, 0.5, 0.9])
    return np.asarray(np.abs(now - base).max(axis=0) / _spread(base))


MEASURES: dict[str, Callable[[Bins], Numbers]] = {
    "psi": _psi,
    "jensen_shannon": _jensen_shannon,
    "kolmogorov_smirnov": _kolmogorov_smirnov,
    "mean_shift": _mean_shift,
    "quantile_shift": _quantile_shift,
    "share": _share,
    "level": _level,
    "rise": _rise,
    "drop": _drop,
}


def _tail(measure: str, value: float, drawn: Numbers) -> float:
    mean, variance = drawn.mean(), drawn.var()
    if measure == "share":  # the root of the mean square is the deviation of the signed difference
        return float(erfc(value / np.sqrt(2 * (drawn**2).mean())))
    if measure in {"level", "rise", "drop"}:
        return float(erfc((value - mean) / np.sqrt(2 * variance)) / 2)
    return float(gammaincc(mean**2 / variance, value * mean / variance))


@dataclass(frozen=True)
class Sample:
    """Two distributions to compare, with the number of customers behind each.

    `base_customers` is None if the base is known exactly and is not a sample.
    """

    customers: int
    base_customers: int | None
    shares: list[float]
    base_shares: list[float]
    tenths: list[int]
    edges: list[float | None]

    def measured(self, measure: str) -> float:
        """Return the distance; raises KeyError for an unknown measure."""
        return float(MEASURES[measure](self._bins([self.shares], [self.base_shares]))[0])

    def chance(self, measure: str, value: float) -> float:
        """Return the probability of a distance of at least `value` if nothing has changed.

        Raises KeyError for an unknown measure.
        """
        common = self._common()
        generator = np.random.default_rng(SEED)
        now = generator.multinomial(self.customers, common, DRAWS) / self.customers
        base = np.tile(common, (DRAWS, 1))
        if self.base_customers:
            base = generator.multinomial(self.base_customers, common, DRAWS) / self.base_customers
        drawn = MEASURES[measure](self._bins(now, base))
        drawn = drawn[np.isfinite(drawn)]
        beyond = int((drawn >= value).sum())
        if beyond >= FEWEST_BEYOND or not len(drawn) or not drawn.var():
            return (beyond + 1) / (len(drawn) + 1)
        tail = _tail(measure, value, drawn)
        return float(f"{min(tail, (FEWEST_BEYOND + 1) / (len(drawn) + 1)):.4g}")

    def _common(self) -> Numbers:
        now, base = np.array(self.shares), np.array(self.base_shares)
        if self.base_customers:
            total = self.customers + self.base_customers
            base = (self.customers * now + self.base_customers * base) / total
        return np.asarray(base / base.sum(), dtype=np.float64)

    def _bins(self, now: npt.ArrayLike, base: npt.ArrayLike) -> Bins:
        edges = np.array([np.nan if edge is None else edge for edge in self.edges], dtype=float)
        return Bins(np.asarray(now), np.asarray(base), np.array(self.tenths, dtype=int), edges)
