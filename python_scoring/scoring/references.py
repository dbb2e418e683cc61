"""What the dbt Python models references_<product> do.

They read the training distributions of the models that scored from their cards, as a table that SQL
can compare with.
"""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from python_scoring.models import artifacts
from python_scoring.scoring.candidates import registry_row

# One row per bin of a score or feature that is a number, and per category of the others.
# `upper_edge` belongs to the bin and is null for the last, open one. `tenth` groups the hundredths
# of a score; of a feature it is the bin itself.
REFERENCE_SCHEMA = pa.schema(
    [
        ("product", pa.string()),
        ("model_version", pa.string()),
        ("kind", pa.string()),
        ("subject", pa.string()),
        ("bin", pa.int32()),
        ("tenth", pa.int32()),
        ("upper_edge", pa.float64()),
        ("category", pa.string()),
        ("share", pa.float64()),
        ("missing_share", pa.float64()),
        ("mean", pa.float64()),
        ("p10", pa.float64()),
        ("p50", pa.float64()),
        ("p90", pa.float64()),
    ]
)


def reference_distributions(
    *,
    product: str,
    candidates: duckdb.DuckDBPyRelation,
    registry: duckdb.DuckDBPyRelation,
) -> pa.Table:
    """The reference rows of each model version in `candidates`; none for a card without them.

    Raises ArtifactError where a card is not the one that was registered.
    """
    versions = candidates.aggregate("model_version").order("model_version").fetchall()
    rows: list[dict[str, Any]] = []
    for (model_version,) in versions:
        card = artifacts.load_card(registry_row(registry, product, model_version))
        for kind, subject, reference in _subjects(card.reference):
            key = {"product": product, "model_version": model_version}
            rows.extend(
                {**key, "kind": kind, "subject": subject, **bin_row} for bin_row in _bins(reference)
            )
    return pa.Table.from_pylist(rows, schema=REFERENCE_SCHEMA)


def _subjects(reference: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    subjects = [(kind, kind, reference[kind]) for kind in ("score", "label") if kind in reference]
    features = reference.get("features", {})
    return subjects + [("feature", name, features[name]) for name in sorted(features)]


def _bins(reference: dict[str, Any]) -> list[dict[str, Any]]:
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
    binned = reference.get("fine", reference)
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
