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
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import skops
import skops.io
from sklearn.base import BaseEstimator

from python_scoring.contracts.contract import ScoringContract
from python_scoring.contracts.validation import contract_of
from python_scoring.errors import TrainingError
from python_scoring.models.artifacts import Model, ModelCard, check_signature, sha256
from python_scoring.models.registry import Registry
from python_scoring.project import parsed_manifest
from python_scoring.training import estimators, evaluation
from python_scoring.training.data import Prepared, availability_lag, prepare
from python_scoring.training.uncertainty import fit_uncertainty, is_calibrated


@dataclass(frozen=True)
class TrainingRequest:
    """What to train: the as-ofs to learn from, those to calibrate on and the one to judge on."""

    product: str
    as_ofs: list[datetime]
    model_version: str
    calibrate_on: list[datetime] = field(default_factory=list)
    evaluate_on: datetime | None = None
    pin_from: datetime | None = None


def train(request: TrainingRequest, registry: Registry) -> tuple[bytes, ModelCard]:
    """Train and evaluate; returns the skops bytes and the card, not yet registered.

    Raises TrainingError where a label window is not complete in the data, or where as-ofs are not
    in order: training, then calibration, then evaluation. Raises InputError where the version is
    taken.
    """
    registry.check_new(request.product, request.model_version)
    with tempfile.TemporaryDirectory(prefix="training-") as scratch:
        manifest = parsed_manifest(Path(scratch))
        contract = contract_of(manifest, request.product)
        horizon = timedelta(days=contract.horizon_days)
        times = _times(request, contract)
        if request.pin_from:
            registry.check_pin(request.product, request.pin_from, times.labels_closed_at(horizon))
        prepared = prepare(request.product, times.all, manifest, contract, Path(scratch))
    _refuse_incomplete_labels(times, prepared)
    learned = _customers(prepared, request.product, times.as_ofs)
    evaluate_on = times.evaluate_on
    frame = prepared.frame
    judged = frame[frame["as_of"] == evaluate_on].reset_index(drop=True)
    estimator = estimators.build(prepared.recipe)
    inputs = learned[[feature["name"] for feature in prepared.recipe["features"]]]
    estimator.fit(inputs, None if contract.score_type == "segment" else learned["label"])
    content = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    model = Model(_card(request, times, prepared, learned, estimator), estimator, sha256(content))
    known = learned  # all that model, calibration and bounds have seen
    if times.calibrate_on:
        calibrated = _customers(prepared, request.product, times.calibrate_on)
        model = fit_uncertainty(model, calibrated, contract)
        known = pd.concat([learned, calibrated], ignore_index=True)
    is_complete = prepared.has_labels(evaluate_on)
    card = evaluation.complete_card(
        model, known, judged if is_complete else None, evaluate_on, contract
    )
    check_signature(estimator, card, Path("the new model"))
    return content, card


@dataclass(frozen=True)
class Times:
    """The as-ofs of a training: learn, calibrate, judge, each later than the former."""

    as_ofs: list[datetime]
    calibrate_on: list[datetime]
    evaluate_on: datetime

    @property
    def all(self) -> list[datetime]:
        """Every as-of that features and labels are needed for."""
        return [*self.as_ofs, *self.calibrate_on, self.evaluate_on]

    def labels_closed_at(self, horizon: timedelta) -> datetime:
        """When the last outcome was known that training or calibration has seen."""
        return max([*self.as_ofs, *self.calibrate_on]) + horizon


def _times(request: TrainingRequest, contract: ScoringContract) -> Times:
    """What is asked for; by default the first as-ofs whose label windows do not overlap."""
    as_ofs, calibrate_on = sorted(set(request.as_ofs)), sorted(set(request.calibrate_on))
    step = timedelta(days=contract.horizon_days or 30)
    if not is_calibrated(contract):
        if calibrate_on:
            raise TrainingError(
                f"--calibrate-on: scores of {request.product} are not probabilities, and its "
                "contract states no uncertainty.interval_level: there is nothing to calibrate"
            )
    elif not calibrate_on:
        calibrate_on = [as_ofs[-1] + step]
    elif calibrate_on[0] <= as_ofs[-1]:
        raise TrainingError(
            f"--calibrate-on {calibrate_on[0]} is not later than the last training as-of "
            f"{as_ofs[-1]}: the model knows its outcomes. Calibrate on {as_ofs[-1] + step} or "
            "later, or train on earlier as-ofs."
        )
    last = max([*as_ofs, *calibrate_on])
    evaluate_on = request.evaluate_on or last + step
    if evaluate_on <= last:
        raise TrainingError(
            f"--evaluate-on {evaluate_on} is not later than the last training or calibration "
            f"as-of {last}"
        )
    return Times(as_ofs, calibrate_on, evaluate_on)


def _customers(prepared: Prepared, product: str, as_ofs: list[datetime]) -> pd.DataFrame:
    """The eligible customers at these as-ofs; raises TrainingError where one has none."""
    frame = prepared.frame
    for as_of in as_ofs:
        if not (frame["as_of"] == as_of).any():
            raise TrainingError(
                f"no eligible {product} customer at {as_of}: "
                "the raw data in RAW_DATA start later, or the eligible population is empty"
            )
    return frame[frame["as_of"].isin(as_ofs)].reset_index(drop=True)


def _refuse_incomplete_labels(times: Times, prepared: Prepared) -> None:
    horizon = timedelta(days=prepared.contract.horizon_days)
    options = [("--as-of", as_of) for as_of in times.as_ofs]
    options += [("--calibrate-on", as_of) for as_of in times.calibrate_on]
    for option, as_of in options:
        complete_at = as_of + horizon + availability_lag(prepared.contract)
        if complete_at > prepared.data_complete_until:
            newest = prepared.data_complete_until - horizon - availability_lag(prepared.contract)
            raise TrainingError(
                f"{option} {as_of}: its label window of {horizon.days} days is complete at "
                f"{complete_at}, but the data end at {prepared.data_complete_until}. "
                f"Choose {newest:%Y-%m-%d} or earlier."
            )


def _card(
    request: TrainingRequest,
    times: Times,
    prepared: Prepared,
    learned: pd.DataFrame,
    estimator: BaseEstimator,
) -> ModelCard:
    contract = prepared.contract
    as_ofs = times.as_ofs
    closed_at = times.labels_closed_at(timedelta(days=contract.horizon_days))
    configuration = {key: value for key, value in prepared.recipe.items() if key != "features"}
    data_digest = _frame_digest(learned)
    identity = [
        request.product, request.model_version, configuration, prepared.recipe["features"],
        prepared.feature_version, [as_of.isoformat() for as_of in as_ofs], data_digest,
    ]  # fmt: skip
    if times.calibrate_on:
        calibrated = _customers(prepared, request.product, times.calibrate_on)
        identity.append([*map(str, times.calibrate_on), _frame_digest(calibrated)])
    return ModelCard(
        product=request.product,
        model_version=request.model_version,
        training_run_id=hashlib.md5(
            json.dumps(identity, sort_keys=True).encode(), usedforsecurity=False
        ).hexdigest(),
        score_type=contract.score_type,
        features=prepared.recipe["features"],
        feature_version=prepared.feature_version,
        output_schema_version=contract.output_schema_version,
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
        calibration_as_ofs=[as_of.isoformat() for as_of in times.calibrate_on],
    )


def _frame_digest(frame: pd.DataFrame) -> str:
    """SHA-256 of the ordered training rows: features, labels and keys."""
    digest = hashlib.sha256()
    digest.update(frame.to_csv(index=False, float_format="%.17g").encode())
    return digest.hexdigest()
