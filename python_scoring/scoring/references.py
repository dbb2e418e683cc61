"""Training distributions of a model's card, as rows for comparison in SQL."""

from typing import Any

import numpy as np

from python_scoring.models import artifacts
from python_scoring.models.artifacts import RegistryRow
from python_scoring.models.card_parts import Bins, Distribution, Reference
from python_scoring.scoring.schema import REFERENCE_COLUMNS


def reference_rows(registered: RegistryRow) -> list[dict[str, Any]]:
    """Return rows with REFERENCE_COLUMNS for a registered model; none without distributions.

    Raises ArtifactError if the card is not the registered one.
    """
    card = artifacts.load_card(registered)
    empty = dict.fromkeys(REFERENCE_COLUMNS) | {"customers": card.training_data.get("rows")}
    return [
        {**empty, "kind": kind, "subject": subject, **bin_row}
        for kind, subject, reference in _subjects(card.reference)
        for bin_row in _bins(reference)
    ]


def _subjects(reference: Reference) -> list[tuple[str, str, Distribution]]:
    known = {"score": reference.get("score"), "label": reference.get("label")}
    subjects = [(kind, kind, found) for kind, found in known.items() if found is not None]
    features = reference.get("features", {})
    return subjects + [("feature", name, features[name]) for name in sorted(features)]


def _bins(reference: Distribution) -> list[dict[str, Any]]:
    common = {
        "missing_share": reference["missing"],
        "mean": reference.get("mean"),
        **reference.get("quantiles", {}),
    }
    if "categories" in reference:
        return [
            {"category": name, "share": share, **common}
            for name, share in reference["categories"].items()
        ]
    binned: Bins | Distribution = reference.get("fine", reference)
    edges = [*binned["edges"], None]
    return [
        {
            "bin": number,
            "tenth": _tenth(reference["edges"], edge),
            "upper_edge": edge,
            "share": share,
            **common,
        }
        for number, (edge, share) in enumerate(zip(edges, binned["shares"], strict=False))
    ]


def _tenth(edges: list[float], upper_edge: float | None) -> int:
    if upper_edge is None:
        return len(edges)
    return int(np.searchsorted(edges, upper_edge, side="left"))
