"""Explainer of linear models: the coefficient times the distance from the training mean."""

from typing import Any

import numpy as np
import pandas as pd

from python_scoring.explanations.interface import Contributions


class Linear:
    """Explainer with one coefficient per feature, and an intercept.

    Sums are made feature by feature, without BLAS, so that they do not depend on the batch.
    """

    only_support = False

    def __init__(self, features: list[str], coefficients: Any, intercept: float) -> None:
        """Contributions are counted from zero until `counted_from` sets the average customer."""
        self.features = features
        self._coefficients = np.asarray(coefficients, dtype=np.float64)
        self._intercept = intercept
        self._centre = np.zeros(len(features))

    @classmethod
    def of(cls, estimator: Any, features: list[str]) -> "Linear | None":
        """Return the explainer; None if the estimator is not linear or has more than one output."""
        if not type(estimator).__module__.startswith("sklearn.linear_model"):
            return None
        coefficients = np.asarray(getattr(estimator, "coef_", ()))
        if coefficients.size != len(features) or coefficients.shape[-1] != len(features):
            return None
        return cls(features, coefficients.ravel(), float(np.ravel(estimator.intercept_)[0]))

    def counted_from(self, average: pd.DataFrame) -> "Linear":
        """Return the explainer with contributions counted from the row `average` (NaN: 0)."""
        self._centre = np.nan_to_num(average.to_numpy(dtype=np.float64)[0])
        return self

    @property
    def base(self) -> float:
        """Raw score of the row that contributions are counted from."""
        return self._intercept + sum(
            float(coefficient * value)
            for coefficient, value in zip(self._coefficients, self._centre, strict=True)
        )

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return contributions of shape (rows, features); zero at the training mean."""
        by_feature = np.empty((len(self.features), len(frame)))
        for number, name in enumerate(self.features):
            values = frame[name].to_numpy(dtype=np.float64)
            by_feature[number] = self._coefficients[number] * (values - self._centre[number])
        return by_feature.T
