"""What a training adds to a model: its calibration and its bounds, from later as-ofs."""

from dataclasses import replace

import numpy as np
import pandas as pd

from python_scoring.contracts.contract import ScoringContract
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import predict
from python_scoring.uncertainty import bounds, calibration


def is_calibrated(contract: ScoringContract) -> bool:
    """Whether a training needs calibration as-ofs: for probabilities, and wherever bounds are."""
    return contract.score_type == "probability" or bounds.IntervalSpec.of(contract) is not None


def fit_uncertainty(model: Model, calibrated: pd.DataFrame, contract: ScoringContract) -> Model:
    """The model with its calibration and bounds; `calibrated` has features, label and as_of.

    Raises TrainingError where the customers are too few, or are not ranked by the model.
    """
    features = [feature["name"] for feature in model.card.features]
    parts = [
        bounds.Calibrated(predict(model, part[features]).scores, part["label"].to_numpy())
        for _, part in calibrated.groupby("as_of", sort=True)
    ]
    scores = np.concatenate([part.scores for part in parts])
    outcomes = np.concatenate([part.outcomes for part in parts])
    is_probability = contract.score_type == "probability"
    card = model.card
    if is_probability:
        card = replace(card, calibration=calibration.fit(scores, outcomes))
    spec = bounds.IntervalSpec.of(contract)
    if spec and is_probability:
        card = replace(card, bounds=bounds.of_probabilities(parts, spec))
    elif spec:
        card = replace(card, bounds=bounds.of_estimates(scores, outcomes, spec))
    return replace(model, card=card)
