"""Reference training: features at past as-ofs through dbt, labels, fit, evaluation, registration.

What to fit stands in the YAML of `training_<product>` under config.meta.training, so a new product
needs no change here. The features are built in a scratch warehouse by the models that also build
them for scoring, with the same data cutoffs.
"""

import hashlib
import json
import platform
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import sklearn
import skops
import skops.io
from sklearn.base import BaseEstimator

from python_scoring import estimators, evaluation
from python_scoring.artifacts import Model, ModelCard, check_signature, sha256
from python_scoring.dbt_project import feature_types, model_meta, parsed_manifest, run_dbt
from python_scoring.errors import TrainingError
from python_scoring.instants import frozen_clock
from python_scoring.registry import Registry
from python_scoring.scoring import feature_projection
from python_scoring.warehouse import Warehouse, install_extensions


@dataclass(frozen=True)
class TrainingRequest:
    """What to train: the as-ofs to learn from, and the one to judge on, if chosen."""

    product: str
    as_ofs: list[datetime]
    model_version: str
    evaluate_on: datetime | None = None
    pin_from: datetime | None = None


@dataclass(frozen=True)
class Prepared:
    """The training data of all as-ofs and what the project says about the product."""

    frame: pd.DataFrame
    contract: dict[str, Any]
    recipe: dict[str, Any]
    feature_version: str
    data_complete_until: datetime

    def has_labels(self, as_of: datetime) -> bool:
        """Whether the label window of an as-of lies in the data."""
        horizon = timedelta(days=self.contract["horizon_days"])
        return as_of + horizon + _lag(self.contract) <= self.data_complete_until


def train(request: TrainingRequest, registry: Registry) -> tuple[bytes, ModelCard]:
    """Train and evaluate; returns the skops bytes and the card, not yet registered.

    Raises TrainingError where a label window is not complete in the data, and InputError where the
    version is taken.
    """
    registry.check_new(request.product, request.model_version)
    as_ofs = sorted(set(request.as_ofs))
    with tempfile.TemporaryDirectory(prefix="training-") as scratch:
        manifest = parsed_manifest(Path(scratch))
        contract = model_meta(manifest, f"{request.product}_predictions", "prediction")
        horizon = timedelta(days=contract["horizon_days"])
        if request.pin_from:
            registry.check_pin(request.product, request.pin_from, as_ofs[-1] + horizon)
        evaluate_on = request.evaluate_on or _default_evaluation(as_ofs, horizon)
        if evaluate_on <= as_ofs[-1]:
            raise TrainingError(
                f"--evaluate-on {evaluate_on} is not later than the last training as-of "
                f"{as_ofs[-1]}"
            )
        prepared = prepare(
            request.product, [*as_ofs, evaluate_on], manifest, contract, Path(scratch)
        )
    _refuse_incomplete_labels(as_ofs, prepared)
    frame = prepared.frame
    learned = frame[frame["as_of"].isin(as_ofs)].reset_index(drop=True)
    judged = frame[frame["as_of"] == evaluate_on].reset_index(drop=True)
    if learned.empty:
        raise TrainingError(
            f"no eligible {request.product} customer at {', '.join(map(str, as_ofs))}: "
            "the raw data in RAW_DATA start later, or the eligible population is empty"
        )
    estimator = estimators.build(prepared.recipe)
    inputs = learned[[feature["name"] for feature in prepared.recipe["features"]]]
    estimator.fit(inputs, None if contract["score_type"] == "segment" else learned["label"])
    content = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    model = Model(_card(request, as_ofs, prepared, learned, estimator), estimator, sha256(content))
    is_complete = prepared.has_labels(evaluate_on)
    card = evaluation.complete_card(
        model, learned, judged if is_complete else None, evaluate_on, contract
    )
    check_signature(estimator, card, Path("the new model"))
    return content, card


def _default_evaluation(as_ofs: list[datetime], horizon: timedelta) -> datetime:
    """The first as-of whose label window does not overlap a training label window."""
    return as_ofs[-1] + (horizon or timedelta(days=30))


def _lag(contract: dict[str, Any]) -> timedelta:
    return timedelta(hours=contract["schedule"]["availability_lag_hours"])


def prepare(
    product: str,
    as_ofs: list[datetime],
    manifest: dict[str, Any],
    contract: dict[str, Any],
    scratch: Path,
    features: list[dict[str, str]] | None = None,
) -> Prepared:
    """Build the snapshots and labels in a scratch warehouse, and read them.

    `features` are those of a model trained elsewhere; by default those of the product's recipe.
    """
    environment = {
        "WAREHOUSE": str(scratch),
        "SNAPSHOT_AS_OF": ",".join(as_of.isoformat() for as_of in as_ofs),
        "PREDICTION_AS_OF": "",
    }
    arguments = ["build", "--select", f"+training_{product}", "--indirect-selection", "cautious"]
    arguments += ["--exclude-resource-type", "unit_test"]
    run_dbt([*arguments, "--target-path", str(scratch / "target")], environment, quiet=True)
    recipe = model_meta(manifest, f"training_{product}", "training")
    recipe["features"] = features or _typed_features(recipe["features"], manifest)
    names = ", ".join(feature_projection(recipe["features"]))
    warehouse = Warehouse(scratch)
    with duckdb.connect(str(warehouse.working_set), read_only=True) as connection:
        install_extensions(connection)
        connection.execute("set timezone = 'UTC'")
        connection.execute(warehouse.attach_sql(read_only=True))
        frame = connection.execute(
            f"""
            select training.as_of, training.customer_id, training.label, {names}
            from products.training_{product} as training
            inner join lake.features.feature_snapshots as snapshots
                on training.as_of = snapshots.as_of and training.customer_id = snapshots.customer_id
            order by training.as_of, training.customer_id
            """  # noqa: S608 - the names are the project's own
        ).df()
        newest = connection.execute("select max(loaded_at) from staging.stg_orders").fetchone()
    feature_version = model_meta(manifest, "feature_snapshots", "feature_version")
    return Prepared(
        frame,
        contract,
        recipe,
        str(feature_version),
        _complete_until(newest[0] if newest else None),
    )


def _complete_until(newest_load: datetime | None) -> datetime:
    """What is known ends with the newest load, or with a frozen clock before it."""
    if newest_load is None:
        raise TrainingError("RAW_DATA holds no usable order: there is nothing to learn from")
    frozen = frozen_clock()
    return min(newest_load, frozen) if frozen else newest_load


def _typed_features(names: list[str], manifest: dict[str, Any]) -> list[dict[str, str]]:
    types = feature_types(manifest)
    for name in names:
        if name not in types:
            raise TrainingError(
                f"the training recipe names the feature {name}, which "
                "models/features/_features__models.yml does not declare"
            )
    return [{"name": name, "type": types[name]} for name in names]


def _refuse_incomplete_labels(as_ofs: list[datetime], prepared: Prepared) -> None:
    horizon = timedelta(days=prepared.contract["horizon_days"])
    for as_of in as_ofs:
        complete_at = as_of + horizon + _lag(prepared.contract)
        if complete_at > prepared.data_complete_until:
            newest = prepared.data_complete_until - horizon - _lag(prepared.contract)
            raise TrainingError(
                f"--as-of {as_of}: its label window of {horizon.days} days is complete at "
                f"{complete_at}, but the data end at {prepared.data_complete_until}. "
                f"Train on an as-of of {newest:%Y-%m-%d} or earlier."
            )


def _card(
    request: TrainingRequest,
    as_ofs: list[datetime],
    prepared: Prepared,
    learned: pd.DataFrame,
    estimator: BaseEstimator,
) -> ModelCard:
    contract = prepared.contract
    closed_at = as_ofs[-1] + timedelta(days=contract["horizon_days"])
    configuration = {key: value for key, value in prepared.recipe.items() if key != "features"}
    data_digest = _frame_digest(learned)
    identity = [
        request.product, request.model_version, configuration, prepared.recipe["features"],
        prepared.feature_version, [as_of.isoformat() for as_of in as_ofs], data_digest,
    ]  # fmt: skip
    return ModelCard(
        product=request.product,
        model_version=request.model_version,
        training_run_id=hashlib.md5(
            json.dumps(identity, sort_keys=True).encode(), usedforsecurity=False
        ).hexdigest(),
        score_type=contract["score_type"],
        features=prepared.recipe["features"],
        feature_version=prepared.feature_version,
        output_schema_version=contract["output_schema_version"],
        training_as_ofs=[as_of.isoformat() for as_of in as_ofs],
        label_window_closed_at=closed_at.isoformat(),
        configuration=configuration,
        libraries={
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "skops": skops.__version__,
        },
        segment_names=estimators.segment_names(estimator, learned, contract),
        training_data={
            "rows": len(learned),
            "rows_per_as_of": {
                str(as_of): int((learned["as_of"] == as_of).sum()) for as_of in as_ofs
            },
            "digest": data_digest,
        },
    )


def _frame_digest(frame: pd.DataFrame) -> str:
    """SHA-256 of the ordered training rows: features, labels and keys."""
    digest = hashlib.sha256()
    digest.update(frame.to_csv(index=False, float_format="%.17g").encode())
    return digest.hexdigest()
