"""Small models with made-up features and training data."""

from typing import Any

import numpy as np
import pandas as pd

from python_scoring.models.artifacts import Model, ModelCard

ROWS = 3_000


FEATURES = ["a", "b", "c", "unused"]


def training_data() -> pd.DataFrame:
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 3)), columns=FEATURES[:3])
    frame["b"] = frame["b"].round(1)
    frame.loc[generator.random(ROWS) < 0.1, "c"] = np.nan
    frame["unused"] = 1.0
    return frame


FRAME = training_data()


RAW = FRAME["a"] ** 2 - 2 * FRAME["b"] + FRAME["c"].fillna(3)


def model_of(estimator: Any, score_type: str, frame: pd.DataFrame = FRAME) -> Model:
    """Return the estimator with a card that has training distributions, as training writes them."""
    known: dict[str, Any] = {}
    for name, column in frame.items():
        if pd.api.types.is_numeric_dtype(column):
            edges = np.unique(column.quantile(np.arange(1, 10) / 10))
            shares = np.full(len(edges) + 1, 1 / (len(edges) + 1))
            known[str(name)] = {
                "mean": float(column.mean()), "edges": edges.tolist(), "shares": shares.tolist()
            }  # fmt: skip
        else:
            known[str(name)] = {"categories": dict(column.value_counts(normalize=True))}
    features = [
        {"name": name, "type": "category" if "categories" in values else "number"}
        for name, values in known.items()
    ]
    card = ModelCard(
        "p", "1.0.0", "t", score_type, features, "1.0.0", "1.0", [], "2026-01-01T00:00:00", {}, {},
        segment_names=["0", "1", "2"], reference={"features": known},
    )  # fmt: skip
    return Model(card, estimator, "")
