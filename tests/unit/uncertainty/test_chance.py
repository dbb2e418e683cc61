"""Probability of a distance without any change: right at every size, the same each time."""

import numpy as np
import pytest
from scipy.stats import chi2

from python_scoring.uncertainty.chance import MEASURES, Sample

SHARES = [0.05, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.05]


def sample(customers: int, seed: int, base_customers: int | None = None) -> Sample:
    """Customers drawn from SHARES, next to SHARES or to other customers drawn from them."""
    generator = np.random.default_rng(seed)
    base = SHARES
    if base_customers:
        base = list(generator.multinomial(base_customers, SHARES) / base_customers)
    return Sample(
        customers,
        base_customers,
        list(generator.multinomial(customers, SHARES) / customers),
        base,
        list(range(8)),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None],
    )


@pytest.mark.parametrize("measure", sorted(MEASURES))
@pytest.mark.parametrize(("customers", "base_customers"), [(100, None), (1000, 1000)])
def test_a_chance_below_a_tenth_is_found_in_a_tenth_of_samples(
    measure: str, customers: int, base_customers: int | None
) -> None:
    """Whatever the size, so that no limit warns more often among few customers."""
    samples = [sample(customers, seed, base_customers) for seed in range(60)]
    chances = [each.chance(measure, each.measured(measure)) for each in samples]
    found = np.mean(np.array(chances) < 0.1)
    assert found <= 0.2
    assert found >= 0.01 or measure == "quantile_shift"  # whose values are the edges of few bins


def test_the_tail_of_the_stability_index_is_that_of_chi_squared() -> None:
    """Far beyond what is drawn; asymptotically (bins - 1)(1/n + 1/m) is its mean."""
    found = sample(10_000, 1, 10_000)
    value = 40 * 2 / 10_000
    assert found.chance("psi", value) == pytest.approx(chi2.sf(40, 7), rel=1, abs=1e-6)


def test_a_share_far_off_is_as_improbable_as_the_normal_distribution_says() -> None:
    """Five standard errors, where no draw comes."""
    half = Sample(10_000, None, [0.525, 0.475], [0.5, 0.5], [0, 1], [None, None])
    assert half.chance("share", 0.025) == pytest.approx(5.7e-7, rel=1)
    assert half.chance("rise", 0.025) == pytest.approx(2.9e-7, rel=1)


def test_the_chance_is_the_same_each_time() -> None:
    assert sample(500, 3, 500).chance("psi", 0.02) == sample(500, 3, 500).chance("psi", 0.02)


def test_a_base_without_customers_in_a_bin_can_be_compared() -> None:
    """Nobody in both samples, or one bin that holds everybody."""
    one = Sample(100, 100, [1.0, 0.0], [1.0, 0.0], [0, 1], [1.0, None])
    for measure in MEASURES:
        assert 0 <= one.chance(measure, 0.1) <= 1
