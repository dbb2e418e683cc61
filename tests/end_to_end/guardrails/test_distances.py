"""Distances of the checks equal those of NumPy and SciPy."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, spearmanr

from python_scoring.models.card_parts import Distribution
from python_scoring.project import PROJECT
from tests.support.artifacts import demo_artifact
from tests.support.project import PREDICTIONS, PRODUCTS, Project

FORMER, NOW = "2026-11-15", "2026-11-22"


SMALLEST_SHARE = 0.0001


Numbers = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def two_batches(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two batches of every product, a week apart, published by one build."""
    folder = tmp_path_factory.mktemp("two_batches")
    project = Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")
    project.build(*PREDICTIONS, env={"PREDICTION_AS_OF": f"{FORMER},{NOW}"})
    return project


def shares(values: npt.NDArray[Any], edges: list[float]) -> Numbers:
    """The share of the values in each bin; an edge belongs to the bin below it."""
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return np.asarray(counts / len(values), dtype=np.float64)


def psi(now: Numbers, base: Numbers) -> float:
    now, base = np.maximum(now, SMALLEST_SHARE), np.maximum(base, SMALLEST_SHARE)
    return float(((now - base) * np.log(now / base)).sum())


def checks(project: Project, product: str) -> dict[tuple[str, str], float]:
    """The values of the newer run's checks by name and scope."""
    return {
        (name, scope): value
        for name, scope, value in project.query(
            "select check_name, scope, value from lake.operations.output_checks join "
            "lake.operations.run_states using (run_id, product) "
            f"where product = '{product}' and as_of = '{NOW}' and value is not null"
        )
    }


def batch(project: Project, product: str, as_of: str) -> pd.DataFrame:
    return project.frame(
        f"select customer_id, score, label from lake.predictions.predictions_{product} "
        f"where as_of = '{as_of}' order by customer_id"
    )


def score_reference(product: str) -> Distribution:
    _, card, _ = demo_artifact(product)
    return card.reference["score"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_scores_against_the_former_batch(two_batches: Project, product: str) -> None:
    """PSI and Jensen-Shannon by tenths, Kolmogorov-Smirnov by hundredths and near the exact one."""
    found, reference = checks(two_batches, product), score_reference(product)
    now = batch(two_batches, product, NOW)["score"].to_numpy()
    before = batch(two_batches, product, FORMER)["score"].to_numpy()
    tenths, hundredths = reference["edges"], reference["fine"]["edges"]
    now_shares, before_shares = shares(now, tenths), shares(before, tenths)
    assert found["score_psi", "former batch"] == pytest.approx(
        psi(now_shares, before_shares), abs=1e-6
    )
    assert found["score_jensen_shannon", "former batch"] == pytest.approx(
        jensenshannon(now_shares, before_shares, base=2), abs=1e-6
    )
    binned = [np.searchsorted(hundredths, scores, side="left") for scores in (now, before)]
    by_bin = ks_2samp(*binned).statistic
    assert found["score_kolmogorov_smirnov", "former batch"] == pytest.approx(by_bin, abs=1e-6)
    exact = ks_2samp(now, before).statistic
    assert by_bin <= exact <= by_bin + 0.03


@pytest.mark.parametrize("product", PRODUCTS)
def test_scores_against_the_training(two_batches: Project, product: str) -> None:
    """The same distances from the shares in model.json, and the shift of mean and quantiles."""
    found, reference = checks(two_batches, product), score_reference(product)
    now = batch(two_batches, product, NOW)["score"].to_numpy()
    fine = np.array(reference["fine"]["shares"])
    tenth = np.searchsorted(reference["edges"], reference["fine"]["edges"], side="left")
    base = np.bincount([*tenth, len(reference["edges"])], weights=fine).astype(np.float64)
    scope = "training reference"
    now_shares = shares(now, reference["edges"])
    assert found["score_psi", scope] == pytest.approx(psi(now_shares, base), abs=1e-5)
    assert found["score_jensen_shannon", scope] == pytest.approx(
        jensenshannon(now_shares, base, base=2), abs=1e-5
    )
    gaps = np.cumsum(shares(now, reference["fine"]["edges"]) - fine)
    assert found["score_kolmogorov_smirnov", scope] == pytest.approx(np.abs(gaps).max(), abs=1e-5)
    quantiles = np.array([reference["quantiles"][name] for name in ("p10", "p50", "p90")])
    spread = quantiles[2] - quantiles[0]
    assert found["score_mean_shift", scope] == pytest.approx(
        abs(now.mean() - reference["mean"]) / spread, abs=1e-5
    )
    now_quantiles = np.quantile(now, [0.1, 0.5, 0.9], method="inverted_cdf")
    assert found["score_quantile_shift", scope] == pytest.approx(
        np.abs(now_quantiles - quantiles).max() / spread, abs=1e-5
    )
    assert found["score_spread", scope] == pytest.approx(
        (now_quantiles[2] - now_quantiles[0]) / spread, abs=1e-5
    )


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_feature_against_the_training(two_batches: Project, product: str) -> None:
    """PSI over the tenths of the training values, and the share of missing values, per feature.

    A PSI that the contract switches off is left out.
    """
    found = checks(two_batches, product)
    switched_off = two_batches.query(
        "select check_name, scope from lake.operations.check_limits "
        f"where product = '{product}' and not applies"
    )
    _, card, _ = demo_artifact(product)
    snapshot = two_batches.frame(
        "select snapshots.* from lake.features.feature_snapshots as snapshots semi join "
        f"lake.predictions.predictions_{product} using (as_of, customer_id) where as_of = '{NOW}'"
    )
    assert card.features
    for feature in card.features:
        name = feature["name"]
        reference = card.reference["features"][name]
        values = snapshot[name].astype(float)
        now_shares = shares(values.dropna().to_numpy(), reference["edges"])
        expected = psi(now_shares, np.array(reference["shares"]))
        if ("feature_psi", name) in switched_off:
            assert ("feature_psi", name) not in found
        else:
            assert found["feature_psi", name] == pytest.approx(expected, abs=1e-5), name
        more = values.isna().mean() - reference["missing"]
        assert found["feature_nulls", name] == pytest.approx(max(more, 0), abs=1e-6), name
        assert found["feature_filled", name] == pytest.approx(max(-more, 0), abs=1e-6), name


@pytest.mark.parametrize("product", PRODUCTS)
def test_checks_of_customers_in_both_batches(two_batches: Project, product: str) -> None:
    """Spearman's correlation of the tenths, unchanged scores, jumps and labels, per customer."""
    found, reference = checks(two_batches, product), score_reference(product)
    before, now = batch(two_batches, product, FORMER), batch(two_batches, product, NOW)
    both = before.merge(now, on="customer_id", suffixes=("_before", "_now"))
    assert len(both) > 100
    tenths = [
        np.searchsorted(reference["edges"], both[column], side="left")
        for column in ("score_before", "score_now")
    ]
    assert found["rank_agreement", "former batch"] == pytest.approx(
        spearmanr(tenths[0], tenths[1]).statistic, abs=1e-6
    )
    change = (both["score_now"] - both["score_before"]).abs()
    jumped = change > {"clv": 500}.get(product, 0.3)
    relabelled = both["label_now"] != both["label_before"]
    assert found["scores_unchanged", "former batch"] == pytest.approx(
        (change == 0).mean(), abs=1e-6
    )
    assert found["score_jumps", "former batch"] == pytest.approx(jumped.mean(), abs=1e-6)
    assert found["labels_changed", "former batch"] == pytest.approx(relabelled.mean(), abs=1e-6)
    listed = two_batches.query(
        "select customer_id from lake.operations.score_jumps "
        f"where product = '{product}' order by 1"
    )
    assert [customer for (customer,) in listed] == list(both["customer_id"][jumped])
