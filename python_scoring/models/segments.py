"""To which segment a customer belongs: by rules, or by distances to the centres of k-means."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline

from python_scoring.errors import ScoringError
from python_scoring.models import segment_rules
from python_scoring.models.segment_rules import RuleAssignment

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Assignment:
    """Transformed features (features, rows), and squared distances (centres, rows)."""

    points: Numbers
    distances: Numbers

    @cached_property
    def nearest(self) -> Places:
        """Index of the own segment's centre; the first of equally near ones."""
        nearest: Places = self.distances.argmin(axis=0)
        return nearest

    @cached_property
    def following(self) -> Places:
        """Index of the second nearest centre."""
        others = self.distances.copy()
        others[self.nearest, np.arange(len(self.nearest))] = np.inf
        following: Places = others.argmin(axis=0)
        return following

    @property
    def clearness(self) -> Numbers:
        """How clearly a customer belongs to its segment: 0 midway between two, 1 at the centre."""
        rows = np.arange(len(self.nearest))
        first, second = self.distances[self.nearest, rows], self.distances[self.following, rows]
        return np.where(second > 0, 1 - first / np.where(second > 0, second, 1), 0.0)


def assign(estimator: Any, frame: pd.DataFrame) -> Assignment | RuleAssignment:
    """The segments of the customers of a frame, by rules or by the nearest centre of k-means."""
    if segment_rules.is_rules(estimator):
        return segment_rules.assign(estimator, frame)
    return assign_to_centres(estimator, frame)


def assign_to_centres(estimator: Pipeline, frame: pd.DataFrame) -> Assignment:
    """The segments of the customers of a frame, by the nearest centre.

    Distances are summed feature by feature: KMeans.predict goes through BLAS, whose last bits
    depend on the batch and the number of threads. Raises ScoringError for other estimators.
    """
    clusters = estimator[-1]
    if not isinstance(clusters, KMeans):
        raise ScoringError(f"a model of segments must end in KMeans, not {type(clusters).__name__}")
    transformed = np.asarray(estimator[:-1].transform(frame), dtype=np.float64)
    points = np.ascontiguousarray(transformed.T)
    distances = np.zeros((len(clusters.cluster_centers_), points.shape[1]))
    for number, centre in enumerate(clusters.cluster_centers_):
        for column, coordinate in zip(points, centre, strict=True):
            distances[number] += np.square(column - coordinate)
    return Assignment(points, np.sqrt(distances))
