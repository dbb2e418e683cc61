"""Reference training: features at past as-ofs through dbt, labels, fit and evaluation.

The recipe is in the YAML of `training_<product>` under config.meta.training, so a new product needs
no change here. The models that compute features for scoring compute them in a scratch warehouse,
with the same data cutoffs.
"""

import hashlib
import json
import platform
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

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
from python_scoring.models.card_parts import Configuration  # noqa: TC001 - of annotations
from python_scoring.models.predict import raw_scores
from python_scoring.models.registry import Registry
from python_scoring.project import parsed_manifest
from python_scoring.training import estimators, evaluation
from python_scoring.training.as_ofs import AsOfs, TrainingRequest
from python_scoring.training.completeness import refuse_future
from python_scoring.training.data import Prepared, frame_digest, prepare
from python_scoring.training.uncertainty import LeftOut, fit_uncertainty


@dataclass(frozen=True)
class Trained:
    """Trained model, not yet registered: skops bytes, card, and what it was judged on.

    `judged` has label and features of the evaluation as-of, one row per customer; None where its
    labels are not complete.
    """

    content: bytes
    card: ModelCard
    judged: pd.DataFrame | None


def train(request: TrainingRequest, registry: Registry) -> tuple[bytes, ModelCard]:
    """Train and evaluate; return the skops bytes and the card, not yet registered.

    Raises as `train_on` does.
    """
    registry.check_new(request.product, request.model_version)
    with tempfile.TemporaryDirectory(prefix="training-") as folder:
        scratch = Path(folder)
        manifest = parsed_manifest(scratch)

        def prepared(as_ofs: AsOfs, contract: ScoringContract) -> Prepared:
            return prepare(request.product, as_ofs.all, manifest, contract, scratch)

        trained = train_on(prepared, request, registry, contract_of(manifest, request.product))
    return trained.content, trained.card


def train_on(
    prepare_data: Callable[[AsOfs, ScoringContract], Prepared],
    request: TrainingRequest,
    registry: Registry,
    contract: ScoringContract,
) -> Trained:
    """Train and evaluate on the data that `prepare_data` returns for the request's as-ofs.

    Labelled as-ofs are used twice. Each is held out in turn and scored by a model of the others,
    which gives calibration and bounds. Then the model is fitted on all of them.

    Raises
    ------
    TrainingError
        A label window is not complete in the data, or as-ofs are not in the order fit, calibration,
        evaluation.
    InputError
        The model version is taken.

    """
    registry.check_new(request.product, request.model_version)
    as_ofs = AsOfs.of(request, contract)
    learns_outcomes = as_ofs.embargo > timedelta()
    for option, named in (("--as-of", request.as_ofs), ("--calibrate-on", request.calibrate_on)):
        refuse_future(sorted(named), contract, with_outcomes=learns_outcomes, option=option)
    if request.pin_from:
        registry.check_pin(request.product, request.pin_from, as_ofs.labels_closed_at())
    prepared = prepare_data(as_ofs, contract)
    _refuse_incomplete(request, as_ofs, prepared)
    learned = _customers(prepared, request.product, as_ofs.labelled)
    estimator = estimators.fit(prepared.recipe, learned, contract)
    content = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    card = _card(request, as_ofs, prepared, learned, estimator)
    if as_ofs.folds:
        card = fit_uncertainty(card, _left_out(as_ofs, prepared, learned, card), contract)
    model = Model(card, estimator, sha256(content))
    frame, evaluate_on = prepared.frame, as_ofs.evaluate_on
    judged = frame[frame["as_of"] == evaluate_on].reset_index(drop=True)
    known = judged if prepared.has_labels(evaluate_on) else None
    card = evaluation.complete_card(model, learned, known, evaluate_on, contract)
    check_signature(estimator, card, Path("the new model"))
    return Trained(content, card, known)


def _left_out(
    as_ofs: AsOfs, prepared: Prepared, learned: pd.DataFrame, card: ModelCard
) -> list[LeftOut]:
    """Score each held-out as-of with a model of the other as-ofs of its fold."""
    features = [feature["name"] for feature in prepared.recipe["features"]]
    found = []
    for fold in as_ofs.folds:
        known = learned[learned["as_of"].isin(fold.learned)]
        estimator = estimators.fit(prepared.recipe, known, prepared.contract)
        part = learned[learned["as_of"] == fold.left_out]
        scores = raw_scores(card, estimator, part[features])
        found.append(LeftOut(fold.left_out, scores, part["label"].to_numpy()))
    return found


def _customers(prepared: Prepared, product: str, as_ofs: list[datetime]) -> pd.DataFrame:
    """Return the eligible customers at these as-ofs; raises TrainingError if one has none."""
    frame = prepared.frame
    for as_of in as_ofs:
        if not (frame["as_of"] == as_of).any():
            raise TrainingError(
                f"no eligible {product} customer at {as_of}: "
                "the raw data in RAW_DATA start later, or the eligible population is empty"
            )
    return frame[frame["as_of"].isin(as_ofs)].reset_index(drop=True)


def _refuse_incomplete(request: TrainingRequest, as_ofs: AsOfs, prepared: Prepared) -> None:
    """Raise TrainingError if the data hold features or outcomes of an as-of incompletely."""
    for as_of in as_ofs.labelled:
        option = "--as-of" if as_of in request.as_ofs else "--calibrate-on"
        if problem := prepared.missing(as_of, with_outcomes=as_ofs.embargo > timedelta()):
            raise TrainingError(f"{option} {as_of}: {problem}")


def _card(
    request: TrainingRequest,
    as_ofs: AsOfs,
    prepared: Prepared,
    learned: pd.DataFrame,
    estimator: BaseEstimator,
) -> ModelCard:
    contract = prepared.contract
    labelled = as_ofs.labelled
    recipe = {key: value for key, value in prepared.recipe.items() if key != "features"}
    configuration = cast("Configuration", recipe)
    data_digest = frame_digest(learned)
    identity = [
        request.product, request.model_version, configuration, prepared.recipe["features"],
        prepared.feature_version, [as_of.isoformat() for as_of in labelled], data_digest,
    ]  # fmt: skip
    if as_ofs.folds:
        identity.append([str(as_of) for as_of in as_ofs.left_out])
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
        training_as_ofs=[as_of.isoformat() for as_of in labelled],
        label_window_closed_at=as_ofs.labels_closed_at().isoformat(),
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
                str(as_of): int((learned["as_of"] == as_of).sum()) for as_of in labelled
            },
            "digest": data_digest,
        },
        calibration_as_ofs=[as_of.isoformat() for as_of in as_ofs.left_out],
        overlaps=as_ofs.overlaps,
        segments=estimators.segments_of(estimator),
    )
