"""Test of the claims of segments' names against outcomes.

models/outcomes/claim_findings.sql has the same rule for runs with known outcomes.
"""

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.models.card_parts import JudgedClaim
from python_scoring.models.predict import Scores

# A claim about fewer customers in either segment is not tested: chance alone could turn the order.
FEWEST = 100
# Standard errors by which the claimed order must be turned to contradict the claim. Of claims that
# just hold, one in twenty is turned that far.
TURNED = 1.645


def judged_claims(
    contract: ScoringContract, labels: Sequence[str | None], outcomes: Scores
) -> list[JudgedClaim]:
    """Compare each claim of a contract of segments with outcomes.

    `labels` are the customers' segments. `outcomes` is their revenue in the label window, of shape
    (customers,).
    """
    segments = pd.Series(list(labels))
    found: list[JudgedClaim] = []
    for claim in contract.segments.claims if contract.segments else []:
        values = np.asarray(outcomes > 0 if claim.measure == "purchases" else outcomes, float)
        higher = values[(segments == claim.segment).to_numpy()]
        lower = values[(segments == claim.above).to_numpy()]
        found.append(
            {
                "segment": claim.segment,
                "above": claim.above,
                "measure": claim.measure,
                "higher": _mean(higher),
                "lower": _mean(lower),
                "customers": [len(higher), len(lower)],
                "turned": _turned(higher, lower),
            }
        )
    return found


def refuse_contradicted(product: str, as_of: datetime | None, claims: list[JudgedClaim]) -> None:
    """Raise TrainingError if the evaluation as-of contradicts a claim."""
    for claim in claims:
        if claim["turned"] is not None and claim["turned"] > TURNED:
            raise TrainingError(
                f"{product}: as of {as_of}, {claim['above']} had more {claim['measure']} "
                f"({claim['lower']:g} on average) than {claim['segment']} ({claim['higher']:g}), "
                f"but the contract claims that {claim['segment']} has more. The names of these "
                "segments are not true here: change the definitions of the labels in the contract, "
                "or the claims under segments"
            )


def _mean(values: Scores) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


def _turned(higher: Scores, lower: Scores) -> float | None:
    if min(len(higher), len(lower)) < FEWEST:
        return None
    error = math.sqrt(higher.var() / len(higher) + lower.var() / len(lower))
    difference = float(lower.mean() - higher.mean())
    return round(difference / error, 6) if error > 0 else math.copysign(0.0, difference)
