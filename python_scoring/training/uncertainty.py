"""What a training adds to a model: its calibration or level, and its bounds.

Both are learned from what models said of as-ofs that they had not seen.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from python_scoring.contracts.contract import ScoringContract
from python_scoring.models.artifacts import ModelCard
from python_scoring.models.predict import Scores
from python_scoring.uncertainty import bounds, calibration, level


@dataclass(frozen=True)
class LeftOut:
    """An as-of that a model foretold without having seen it: raw scores, and what came."""

    as_of: datetime
    scores: Scores
    outcomes: Scores


def is_calibrated(contract: ScoringContract) -> bool:
    """Whether a training needs calibration as-ofs: for probabilities, and wherever bounds are."""
    return contract.score_type == "probability" or bounds.IntervalSpec.of(contract) is not None


def fit_uncertainty(card: ModelCard, parts: list[LeftOut], contract: ScoringContract) -> ModelCard:
    """The card with calibration and bounds, from as-ofs left out, in order.

    Raises TrainingError where the customers are too few, or are not ranked by the model.
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
        [calibration.Foretold(part.as_of, part.scores, part.outcomes) for part in parts]
    )
    card = replace(card, calibration=line)
    if spec := bounds.IntervalSpec.of(contract):
        calibrated = [
            bounds.Calibrated(calibration.apply(line, part.scores, part.as_of), part.outcomes)
            for part in parts
        ]
        card = replace(card, bounds=bounds.of_probabilities(calibrated, spec))
    return card
