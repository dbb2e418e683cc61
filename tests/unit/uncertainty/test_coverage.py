"""Coverage by fifth of the scores, and what chance explains of the worst."""

import numpy as np
import pytest
from scipy.stats import binomtest

from python_scoring.uncertainty.coverage import by_fifth, chance_of_fewer


def test_fifths_are_in_order_and_none_is_empty() -> None:
    assert [len(part) for part in by_fifth(np.ones(12, bool))] == [3, 3, 2, 2, 2]
    assert [len(part) for part in by_fifth(np.ones(3, bool))] == [1, 1, 1]
    assert by_fifth(np.array([False] * 2 + [True] * 8))[0].tolist() == [False, False]


@pytest.mark.parametrize("groups", [25, 80])
def test_one_part_has_the_binomial_probability(groups: int) -> None:
    part = np.arange(groups) < groups * 0.7
    expected = binomtest(int(part.sum()), groups, 0.85, "less").pvalue
    assert chance_of_fewer([part], 0.85) == pytest.approx(expected)
    whole = np.ones(groups, bool)
    assert chance_of_fewer([part, whole, whole], 0.85) == pytest.approx(min(1, 3 * expected))
    assert chance_of_fewer([whole, whole], 0.85) == 1


def test_parts_that_hold_the_share_rarely_look_worse() -> None:
    """Of 400 shops whose fifteen fifths hold 85%, at most one in twenty is called low."""
    draw = np.random.default_rng(29)
    chances = [chance_of_fewer(list(draw.random((15, 25)) < 0.85), 0.85) for _ in range(400)]
    assert np.mean(np.array(chances) < 0.05) <= 0.05
    low = [chance_of_fewer([*(draw.random((14, 25)) < 0.85), draw.random(25) < 0.4], 0.85)
           for _ in range(100)]  # fmt: skip
    assert np.mean(np.array(low) < 0.05) > 0.9
