"""Whether outcomes bear out what the names of segments claim.

The same rule in SQL, for runs whose outcomes are known: models/outcomes/claim_findings.sql.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.models.predict import Scores

# Of fewer customers in either segment nothing is said: chance alone could turn the order.
FEWEST = 100
# A claim is contradicted where the order is turned by more standard errors than this: of claims
# that just hold, one in twenty.
TURNED = 1.645


def judged_claims(
    contract: ScoringContract, labels: Sequence[str | None], outcomes: Scores
) -> list[dict[str, Any]]:
    """Each claim of a contract of segments with what came; `outcomes` is revenue, per customer.

    `turned` is by how many standard errors the claim's order is turned; None where one of both
    segments has fewer than `FEWEST` customers.
    """
    segments = pd.Series(list(labels))
    found = []
    for claim in contract.segments.claims if contract.segments else []:
        values = np.asarray(outcomes > 0 if claim.measure == "purchases" else outcomes, float)
        higher = values[(segments == claim.segment).to_numpy()]
        lower = values[(segments == claim.above).to_numpy()]
        found.append(
            {
                **claim.model_dump(),
                "higher": _mean(higher),
                "lower": _mean(lower),
                "customers": [len(higher), len(lower)],
                "turned": _turned(higher, lower),
            }
        )
    return found


def refuse_contradicted(product: str, as_of: Any, claims: list[dict[str, Any]]) -> None:
    """Raises TrainingError where the evaluation as-of contradicts a claim."""
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
