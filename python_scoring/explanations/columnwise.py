"""Columnwise pipelines: each output of their steps belongs to one feature."""

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
    """Return all steps but the last, and the last; None if a step mixes, adds or drops columns."""
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
    """Explainer of the last step of a columnwise pipeline."""

    def __init__(self, steps: Pipeline, explainer: Explainer) -> None:
        """`steps` are the steps that `split` returned."""
        self._steps = steps
        self._explainer = explainer
        self.features = explainer.features
        self.base = explainer.base
        self.only_support = explainer.only_support

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return the contributions of the transformed features, which are those of the features."""
        return self._explainer.contributions(transformed(self._steps, frame))


def transformed(steps: Pipeline | None, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the outputs of the steps, under the names of the features."""
    if steps is None:
        return frame
    return pd.DataFrame(steps.transform(frame), columns=frame.columns)
