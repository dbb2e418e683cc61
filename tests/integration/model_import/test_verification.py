"""Trial of a model on rows as a build hands them over: what is refused, and for which reason."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from python_scoring.contracts.validation import contract_of
from python_scoring.errors import ArtifactError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.model_import.trial_rows import TrialRows, trial_rows
from python_scoring.model_import.verification import verify
from python_scoring.models.artifacts import Model, ModelCard
from python_scoring.project import feature_types
from tests.support.manifest import Manifest
from tests.support.project import Project

IN_BOTH = pytest.mark.usefixtures("warehouse")
COUNTRIES = np.array(["Norway", "Chile", "Japan"], dtype=object)


def training(*names: str) -> pd.DataFrame:
    """Customers with these features, none of them null."""
    numbers = np.random.default_rng(0)
    return pd.DataFrame(
        {
            name: COUNTRIES[numbers.integers(0, 3, 300)]
            if name == "country"
            else numbers.lognormal(3, 1, 300)
            for name in names
        }
    )


def outcome(inputs: pd.DataFrame) -> "pd.Series[int]":
    return (inputs["recency_days"] > 20).astype(int)


@pytest.fixture(params=["without a warehouse", "with a snapshot"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows come from the demo data, or are invented."""
    if request.param == "with a snapshot":
        built: Project = request.getfixturevalue("built")
        monkeypatch.setenv("WAREHOUSE", str(built.warehouse))
    else:
        monkeypatch.setenv("WAREHOUSE", str(tmp_path / "nothing"))


def tried(estimator: Any, manifest: Manifest, product: str = "churn") -> None:
    """Verify a fitted estimator for a product."""
    contract = contract_of(manifest, product)
    types = feature_types(manifest)
    card = ModelCard(
        product=product,
        model_version="2.0.0",
        training_run_id="r",
        score_type=contract.score_type,
        features=[{"name": str(n), "type": types[n]} for n in estimator.feature_names_in_],
        feature_version="2.1.0",
        output_schema_version="1.0",
        training_as_ofs=[datetime(2026, 3, 1).isoformat()],
        label_window_closed_at=datetime(2026, 6, 1).isoformat(),
        configuration={},
        libraries={},
    )
    imported = ImportedModel("model.skops", b"", "1.7.2", {})
    verify(Model(card, estimator, "0" * 64), imported, trial_rows(manifest, contract))


@IN_BOTH
def test_a_model_without_imputer_is_refused_for_the_feature_that_may_be_null(
    manifest: Manifest,
) -> None:
    inputs = training("recency_days", "mean_days_between_orders", "days_since_last_event")
    estimator = LogisticRegression().fit(inputs, outcome(inputs))
    message = (
        r"model\.skops: mean_days_between_orders, days_since_last_event may be null, and the "
        r"model takes no missing values: ValueError: Input X contains NaN\. Fit a Pipeline"
    )
    with pytest.raises(ArtifactError, match=message):
        tried(estimator, manifest)
    tried(
        make_pipeline(SimpleImputer(), LogisticRegression()).fit(inputs, outcome(inputs)), manifest
    )
    tried(HistGradientBoostingClassifier(max_iter=3).fit(inputs, outcome(inputs)), manifest)


@IN_BOTH
def test_a_feature_that_no_eligible_customer_lacks_needs_no_imputer(manifest: Manifest) -> None:
    """Churn scores customers with a purchase in the last year."""
    inputs = training("recency_days", "average_order_value", "tenure_days", "order_count_90d")
    tried(LogisticRegression(max_iter=1000).fit(inputs, outcome(inputs)), manifest)


def encoded(**encoder: Any) -> Any:
    inputs = training("recency_days", "country")
    columns = make_column_transformer(
        (OneHotEncoder(**encoder), ["country"]), (StandardScaler(), ["recency_days"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(inputs, outcome(inputs))


@IN_BOTH
def test_an_encoder_that_takes_no_unseen_category_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ArtifactError, match=r"country may have a value that the training has not"):
        tried(encoded(), manifest)
    tried(encoded(handle_unknown="ignore"), manifest)


@IN_BOTH
def test_a_model_of_the_log_of_its_target_is_accepted(manifest: Manifest) -> None:
    """Rows that no customer could have made it overflow, and BLAS sums a row alone otherwise."""
    inputs = training("recency_days", "revenue_365d", "order_count_365d")
    estimator = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), LinearRegression()), func=np.log1p, inverse_func=np.expm1
    )
    tried(estimator.fit(inputs, inputs["revenue_365d"] * 3), manifest, "clv")


@IN_BOTH
def test_a_model_that_looks_at_its_batch_is_refused(manifest: Manifest) -> None:
    inputs = training("recency_days", "revenue_365d")
    ranked = FunctionTransformer(np.negative)
    estimator = make_pipeline(ranked, LinearRegression()).fit(inputs, inputs["revenue_365d"])
    ranked.func = lambda rows: rows - rows.mean()
    with pytest.raises(ArtifactError, match="depends on the other rows of its batch"):
        tried(estimator, manifest, "clv")


@IN_BOTH
@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (lambda: KMeans(2, n_init=1), r"is a bare KMeans: it takes no missing values"),
        (
            lambda: make_pipeline(KMeans(2, n_init=1), LinearRegression()),
            "expected a Pipeline that ends in KMeans",
        ),
    ],
)
def test_segments_need_a_pipeline_that_ends_in_k_means(
    manifest: Manifest, estimator: Callable[[], Any], message: str
) -> None:
    inputs = training("recency_days", "revenue_total")
    with pytest.raises(ArtifactError, match=message):
        tried(estimator().fit(inputs, inputs["recency_days"]), manifest, "segmentation")


def test_real_rows_are_those_of_the_newest_snapshot(
    manifest: Manifest, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", str(built.warehouse))
    rows = trial_rows(manifest, contract_of(manifest, "churn"))
    assert rows.is_real
    assert rows.origin == "customers of the snapshot as of 2026-11-23 00:00:00"
    assert min(rows.columns["order_count_365d"]) > 0
    assert "recency_days" not in rows.nullable
    assert {"country", "mean_days_between_orders", "order_value_stddev"} <= set(rows.nullable)
    assert TrialRows.from_json(rows.to_json()) == rows
