"""What a contract says about explanations: how many, and which rows of a costly model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from python_scoring.artifacts import ModelCard
from python_scoring.errors import ScoringError


@dataclass(frozen=True)
class Settings:
    """The contract's `explanations`; macros/contracts/explanations_in_contracts.sql checks them.

    `score_at_least` is None where the contract explains no row of a model that has no lookup.
    """

    reasons: int
    score_at_least: float | None

    @classmethod
    def of(cls, contract: dict[str, Any], card: ModelCard) -> "Settings":
        """A top share is counted in the training, so that a row's reasons depend on it alone.

        Raises ScoringError where the model's card does not know the scores of the training.
        """
        explanations = contract["explanations"]
        shap = explanations.get("shap") or {}
        at_least = shap.get("score_at_least")
        if "top_share" in shap:
            at_least = _least_of_top(float(shap["top_share"]), card)
        return cls(int(explanations["reasons"]), at_least)

    def matter(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """The rows whose reasons are worth many evaluations of the model."""
        if self.score_at_least is None:
            return np.zeros(len(scores), dtype=bool)
        return scores >= self.score_at_least


def _least_of_top(share: float, card: ModelCard) -> float:
    """The score above which that share of the training's customers lay."""
    fine = card.reference.get("score", {}).get("fine", {})
    if not fine.get("edges"):
        raise ScoringError(
            f"{card.product} {card.model_version}: its model.json has no distribution of the "
            "training's scores (reference.score.fine), so explanations.shap.top_share cannot be "
            "counted. Give score_at_least in the contract instead, or register the model with it."
        )
    below = np.cumsum(fine["shares"])[: len(fine["edges"])]
    place = int(np.searchsorted(below, 1 - share - 1e-9))
    return float(fine["edges"][min(place, len(fine["edges"]) - 1)])
