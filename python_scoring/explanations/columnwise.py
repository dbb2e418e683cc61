"""Pipelines whose steps look at one column at a time: what they give out belongs to one feature."""

from typing import Any

import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from python_scoring.explanations.interface import Contributions, Explainer

COLUMNWISE = (
    SimpleImputer, StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, QuantileTransformer,
    PowerTransformer,
)  # fmt: skip


def split(estimator: Any) -> tuple[Pipeline | None, Any] | None:
    """The steps before the last, and the last; None where a step mixes, adds or drops columns."""
    if not isinstance(estimator, Pipeline):
        return None, estimator
    steps = estimator[:-1]
    for _, step in steps.steps:
        if step == "passthrough":
            continue
        if not isinstance(step, COLUMNWISE):
            return None
        if len(step.get_feature_names_out()) != step.n_features_in_:
            return None
    return (steps if steps.steps else None), estimator[-1]


class Transformed:
    """An explainer of what the steps before it give out."""

    def __init__(self, steps: Pipeline, explainer: Explainer) -> None:
        """`steps` must have been found by `split`."""
        self._steps = steps
        self._explainer = explainer
        self.features = explainer.features
        self.base = explainer.base
        self.only_support = explainer.only_support

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Those of the transformed features, which are the features' own."""
        return self._explainer.contributions(transformed(self._steps, frame))


def transformed(steps: Pipeline | None, frame: pd.DataFrame) -> pd.DataFrame:
    """What the steps give out, under the features' names."""
    if steps is None:
        return frame
    return pd.DataFrame(steps.transform(frame), columns=frame.columns)
