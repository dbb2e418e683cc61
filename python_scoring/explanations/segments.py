"""Explainers of segments: features by which a customer is in its own segment and in no other."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline

from python_scoring.explanations.interface import Contributions
from python_scoring.models import segment_rules
from python_scoring.models.segment_rules import RuleAssignment
from python_scoring.models.segments import Assignment, assign_to_centres


class Segments:
    """Explainer of k-means: squared distance to the second nearest centre less that to the nearest.

    A feature in which both segments are alike contributes nothing, however near the customer is.
    Contributions add up to the difference of the two squared distances, which is never negative.
    Only contributions in favour of the segment are reasons.
    """

    only_support = True
    base = 0.0

    def __init__(self, features: list[str], estimator: Pipeline) -> None:
        """The steps before k-means must give one column per feature."""
        self.features = features
        self._estimator = estimator
        # One row per feature, so that a feature's coordinates are contiguous.
        self._centres = np.ascontiguousarray(estimator[-1].cluster_centers_.T, dtype=np.float64)

    @classmethod
    def of(cls, estimator: Pipeline, features: list[str]) -> "Segments | None":
        """Return the explainer; None if the estimator is not k-means on one column per feature."""
        clusters = estimator[-1] if isinstance(estimator, Pipeline) else None
        if not isinstance(clusters, KMeans) or clusters.n_clusters == 1:
            return None
        if clusters.cluster_centers_.shape[1] != len(features):
            return None
        return cls(features, estimator)

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return contributions of shape (rows, features); positive in favour of the own segment."""
        return self.contributions_of(assign_to_centres(self._estimator, frame))

    def contributions_of(self, assignment: Assignment) -> Contributions:
        """Return the contributions for segments that are assigned already."""
        by_feature = [
            np.square(column - centres[assignment.following])
            - np.square(column - centres[assignment.nearest])
            for column, centres in zip(assignment.points, self._centres, strict=True)
        ]
        contributions: Contributions = np.stack(by_feature).T
        return contributions

    def distances(self, frame: pd.DataFrame) -> Contributions:
        """Return the distance of each transformed feature from the centre of the segment."""
        assignment = assign_to_centres(self._estimator, frame)
        distances: Contributions = np.abs(
            assignment.points - self._centres[:, assignment.nearest]
        ).T
        return distances


class RuleSegments:
    """Rules: how far each feature is from a limit that would make the customer's segment another.

    Counted are the comparisons of the own definition that hold, and those of the definitions tried
    before it, which do not: 0 at the limit, 1 infinitely far from it. Of several comparisons of a
    feature the one that is farthest counts. The time since the last purchase stands for `silence`.
    """

    only_support = True
    base = 0.0

    def __init__(self, features: list[str], estimator: Any) -> None:
        """`estimator` is what segment_rules.estimator_of makes."""
        self.features = features
        self._estimator = estimator
        self._rules = segment_rules.rules_of(estimator)

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """One row per customer, one column per feature; never negative."""
        return self.contributions_of(segment_rules.assign(self._estimator, frame))

    def contributions_of(self, assignment: RuleAssignment) -> Contributions:
        """The contributions where the segments are assigned already."""
        found = np.zeros((len(self.features), len(assignment.nearest)))
        for number, (rule, margins) in enumerate(zip(self._rules, assignment.margins, strict=True)):
            for comparison, margin in zip(rule.definition, margins, strict=True):
                own = np.where(assignment.nearest == number, margin, 0)
                before = np.where(assignment.nearest > number, -margin, 0)
                column = found[self.features.index(comparison.feature)]
                np.maximum(column, np.maximum(own, before), out=column)
        return np.ascontiguousarray(found.T)
