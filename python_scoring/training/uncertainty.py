"""Calibration or level of a model and its bounds, learned from held-out scores.

Held-out scores come from models that were fitted without the as-of that they score.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from python_scoring.contracts.contract import ScoringContract
from python_scoring.models.artifacts import ModelCard
from python_scoring.models.predict import Scores
from python_scoring.uncertainty import bounds, calibration, level


@dataclass(frozen=True)
class LeftOut:
    """Held-out as-of: raw scores and outcomes, each of shape (customers,)."""

    as_of: datetime
    scores: Scores
    outcomes: Scores


def is_calibrated(contract: ScoringContract) -> bool:
    """Whether a training needs calibration as-ofs: for probabilities, and for bounds."""
    return contract.score_type == "probability" or bounds.IntervalSpec.of(contract) is not None


def fit_uncertainty(card: ModelCard, parts: list[LeftOut], contract: ScoringContract) -> ModelCard:
    """Return the card with calibration and bounds; `parts` are in order of their as-of.

    Raises TrainingError if there are too few customers, or if the model does not rank them.
    """
    if contract.score_type == "probability":
        return _of_probabilities(card, parts, contract)
    spec = bounds.IntervalSpec.of(contract)
    totals = [
        level.Total(part.as_of, float(part.scores.sum()), float(part.outcomes.sum()))
        for part in parts
    ]
    card = replace(card, calibration=level.fit(totals))
    if spec:
        levelled = [
            bounds.Calibrated(level.apply(card.calibration, part.scores, part.as_of), part.outcomes)
            for part in parts
        ]
        card = replace(card, bounds=bounds.of_estimates(levelled, spec))
    return card


def _of_probabilities(
    card: ModelCard, parts: list[LeftOut], contract: ScoringContract
) -> ModelCard:
    line = calibration.fit_with_season(
        [calibration.HeldOut(part.as_of, part.scores, part.outcomes) for part in parts]
    )
    card = replace(card, calibration=line)
    if spec := bounds.IntervalSpec.of(contract):
        calibrated = [
            bounds.Calibrated(calibration.apply(line, part.scores, part.as_of), part.outcomes)
            for part in parts
        ]
        card = replace(card, bounds=bounds.of_probabilities(calibrated, spec))
    return card
