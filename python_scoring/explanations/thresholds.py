"""Threshold of the scores that get SHAP values, which cost many evaluations of the model."""

import numpy as np

from python_scoring.contracts.contract import Shap
from python_scoring.models.artifacts import ModelCard


def least_score(rows: Shap, card: ModelCard) -> float | None:
    """Return the lowest score that is explained, by the contract's `explanations.shap`.

    A top share is counted among the customers of the training, so that whether a row has reasons
    depends on that row alone. Returns None if the card lacks their distribution.
    """
    if rows.score_at_least is not None:
        return float(rows.score_at_least)
    fine = card.reference.get("score", {}).get("fine", {})
    if not fine.get("edges"):
        return None
    below = np.cumsum(fine["shares"])[: len(fine["edges"])]
    place = int(np.searchsorted(below, 1 - (rows.top_share or 0) - 1e-9))
    return float(fine["edges"][min(place, len(fine["edges"]) - 1)])
