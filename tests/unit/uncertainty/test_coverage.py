"""Coverage by fifth of the scores: what it is, and how far chance moves it."""

import numpy as np
import numpy.typing as npt
import pytest

from python_scoring.uncertainty.coverage import by_fifth, held

GROUP = 25
Values = npt.NDArray[np.float64]


def shop(
    seed: int, customers: int = 3_300, moved: float = 0.0
) -> tuple[Values, Values, tuple[Values, Values]]:
    """Calibrated scores with bounds of 1.645 standard errors; the highest fifth `moved`."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.1, 0.9, customers)
    true = np.where(scores > 0.74, scores + moved, scores)
    width = 1.645 * np.sqrt(scores * (1 - scores) / GROUP)
    outcomes = (draw.random(customers) < true).astype(np.float64)
    return scores, outcomes, (scores - width, scores + width)


def test_each_fifth_of_calibrated_scores_holds_the_level() -> None:
    """Chance moves a fifth by two points, where groups of neighbours move by five."""
    shops = [shop(seed) for seed in range(30)]
    drawn = np.array([by_fifth(*one, GROUP) for one in shops])
    assert drawn.mean(axis=0) == pytest.approx([0.9] * 5, abs=0.02)
    assert drawn.std(axis=0).max() < 0.025
    assert (drawn < 0.85).mean() < 0.05
    neighbours = np.array([held(*one, GROUP)[:26].mean() for one in shops])
    assert neighbours.std() > 0.04


def test_a_fifth_that_is_off_is_found() -> None:
    """One fifth of customers leaves a tenth more often than its scores say, and only it is low."""
    *others, highest = by_fifth(*shop(3, moved=0.1), GROUP)
    assert min(others) > 0.85
    assert highest < 0.75


def test_single_customers_are_counted_as_they_are() -> None:
    """Groups of one: the mean of each fifth's customers, but for those who stand at its edge."""
    draw = np.random.default_rng(5)
    scores = np.sort(draw.gamma(2, 50, 5_000))
    outcomes = scores * draw.gamma(2, 0.5, 5_000)
    bounds = (0.2 * scores, 2.0 * scores)
    inside = (bounds[0] <= outcomes) & (outcomes <= bounds[1])
    expected = [part.mean() for part in np.array_split(inside, 5)]
    assert by_fifth(scores, outcomes, bounds, 1) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize(("customers", "fifths"), [(4, 0), (60, 2), (125, 5)])
def test_fifths_without_a_group_are_left_out(customers: int, fifths: int) -> None:
    assert len(by_fifth(*shop(1, customers), GROUP)) == fifths


def test_the_same_customers_give_the_same_figures() -> None:
    assert by_fifth(*shop(1), GROUP) == by_fifth(*shop(1), GROUP)
