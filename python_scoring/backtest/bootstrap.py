"""Intervals by bootstrap over customers: a customer is drawn with all of its as-ofs.

Rows of one customer at several as-ofs are not independent, so customers are drawn, not rows
(Efron and Tibshirani, An Introduction to the Bootstrap, chapter 8). Samples are seeded, and the
same for every model, so that differences are paired.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from python_scoring.backtest.figures import Measured, Values

SAMPLES = 200
SEED = 20260101
LEVEL = 0.9

Figures = dict[str, float | None]


def weights_of(customers: npt.NDArray[np.intp], count: int) -> Iterator[Values]:
    """How often each row's customer was drawn, sample by sample; `customers` numbers them."""
    chance = np.random.default_rng(SEED)
    for _ in range(SAMPLES):
        drawn = np.bincount(chance.integers(0, count, count), minlength=count)
        yield drawn[customers].astype(np.float64)


def with_intervals(
    models: list[Measured], customers: npt.NDArray[np.intp]
) -> tuple[list[dict[str, list[float | None]]], dict[str, list[float | None]]]:
    """For each model its figures, and the second's less the first's, each as value, lower, upper.

    All models have the same rows; `customers` numbers the customer of each. The difference is empty
    for one model.
    """
    known, numbers = np.unique(customers, return_inverse=True)
    ones = np.ones(len(customers))
    plain = [model.figures(ones) for model in models]
    samples = [
        [model.figures(weights) for model in models] for weights in weights_of(numbers, len(known))
    ]
    each = [
        {
            name: [value, *_interval([sample[place][name] for sample in samples])]
            for name, value in plain[place].items()
        }
        for place in range(len(models))
    ]
    if len(models) == 1:
        return each, {}
    first, second = models[0], models[1]
    names = [name for name in first.figures(ones) if name in second.figures(ones)]
    difference = {
        name: [
            _less(plain[1][name], plain[0][name]),
            *_interval([_less(sample[1][name], sample[0][name]) for sample in samples]),
        ]
        for name in names
    }
    return each, difference


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _interval(values: list[float | None]) -> list[float | None]:
    """The middle LEVEL of the samples that have the figure."""
    found = [value for value in values if value is not None]
    if not found:
        return [None, None]
    ends = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(end) for end in ends]
