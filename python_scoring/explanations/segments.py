"""Segments: by which features a customer is nearer to the own segment than to the next nearest."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline

from python_scoring.explanations.interface import Contributions

Numbers = npt.NDArray[np.intp]


class Segments:
    """K-means: the squared distance to the next nearest centre less that to the nearest one.

    That is what decides: a feature in which both segments are alike tells nothing, however near
    the customer is. Contributions add up to the difference of the two squared distances, which is
    never negative. Reasons are what speaks for the segment, not what speaks against it.
    """

    only_support = True
    base = 0.0

    def __init__(self, features: list[str], steps: Pipeline, clusters: KMeans) -> None:
        """`steps` give out one column per feature."""
        self.features = features
        self._steps = steps
        self._centres = np.asarray(clusters.cluster_centers_, dtype=np.float64)

    @classmethod
    def of(cls, estimator: Pipeline, features: list[str]) -> "Segments | None":
        """None where the estimator does not end in k-means on one column per feature."""
        clusters = estimator[-1] if isinstance(estimator, Pipeline) else None
        if not isinstance(clusters, KMeans) or clusters.n_clusters == 1:
            return None
        if clusters.cluster_centers_.shape[1] != len(features):
            return None
        return cls(features, estimator[:-1], clusters)

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Positive where the customer is more typical of the own segment than of the next one."""
        points = self._points(frame)
        nearest, following = self._two_nearest(points)
        to_nearest = (points - self._centres[nearest].T) ** 2
        to_following = (points - self._centres[following].T) ** 2
        contributions: Contributions = (to_following - to_nearest).T
        return contributions

    def distances(self, frame: pd.DataFrame) -> Contributions:
        """How far each feature is from the centre of the segment, in what the steps give out."""
        points = self._points(frame)
        nearest, _ = self._two_nearest(points)
        distances: Contributions = np.abs(points - self._centres[nearest].T).T
        return distances

    def _points(self, frame: pd.DataFrame) -> Contributions:
        return np.ascontiguousarray(np.asarray(self._steps.transform(frame), dtype=np.float64).T)

    def _two_nearest(self, points: Contributions) -> tuple[Numbers, Numbers]:
        """Feature by feature, as scoring does: BLAS would depend on the batch."""
        distances = np.zeros((len(self._centres), points.shape[1]))
        for number, centre in enumerate(self._centres):
            for column, coordinate in zip(points, centre, strict=True):
                distances[number] += (column - coordinate) ** 2
        nearest = distances.argmin(axis=0)
        distances[nearest, np.arange(len(nearest))] = np.inf
        return nearest, distances.argmin(axis=0)
