"""Contributions of LightGBM and XGBoost, by their own exact TreeSHAP (`pred_contrib`).

Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
Nature Machine Intelligence 2 (2020). XGBoost adds up in single precision, LightGBM in double.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from python_scoring.explanations.interface import Contributions


class BoosterValues:
    """One contribution per feature and row, in what the trees add up: log-odds of a classifier."""

    only_support = False

    def __init__(
        self, features: list[str], values: Callable[[Contributions], Contributions]
    ) -> None:
        """`values` gives a column per feature, and the base, which all rows share, as the last."""
        self.features = features
        self._values = values
        self.base = float(values(np.full((1, len(features)), np.nan))[0, -1])

    @classmethod
    def of(cls, estimator: Any, features: list[str]) -> "BoosterValues | None":
        """None for an estimator of another library."""
        lightgbm, xgboost = sys.modules.get("lightgbm"), sys.modules.get("xgboost")
        if lightgbm and isinstance(estimator, lightgbm.LGBMModel):
            return cls(features, lambda points: _of_lightgbm(estimator, features, points))
        if xgboost and isinstance(estimator, xgboost.XGBModel):
            return cls(features, lambda points: _of_xgboost(xgboost, estimator, points))
        return None

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """They add up, with `base`, to the estimator's raw score."""
        return self._values(frame.to_numpy(dtype=np.float64))[:, :-1]


def _of_lightgbm(estimator: Any, features: list[str], points: Contributions) -> Contributions:
    return np.asarray(estimator.predict(pd.DataFrame(points, columns=features), pred_contrib=True))


def _of_xgboost(xgboost: Any, estimator: Any, points: Contributions) -> Contributions:
    booster = estimator.get_booster()
    rounds = getattr(booster, "best_iteration", None)  # set where training stopped early
    values = booster.predict(
        xgboost.DMatrix(points, missing=estimator.missing),
        pred_contribs=True,
        validate_features=False,  # the frame has the features in the order of the fit
        iteration_range=(0, 0 if rounds is None else rounds + 1),
    )
    return np.asarray(values, dtype=np.float64)
