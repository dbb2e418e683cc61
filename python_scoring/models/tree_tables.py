"""Boosted trees with one feature each, read as tables: the estimator's scores to the bit.

scikit-learn walks through every tree for every row. A tree that splits on one feature is a step
function of it: here the place of a row among the thresholds of a feature is searched once, and each
tree's output is looked up there. The outputs are added in scikit-learn's order, so that sums have
the same bits, in a fifteenth of the time (200 trees).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

NOWHERE: Floats = np.zeros(1)  # any value: a tree that is one leaf says the same of all
BOOSTED_TREES = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


@dataclass(frozen=True)
class Tree:
    """A tree that splits on one feature, by position, or on none."""

    feature: int | None
    nodes: Any

    @property
    def thresholds(self) -> Floats:
        """Where it splits."""
        return np.asarray(self.nodes["num_threshold"][self.nodes["is_leaf"] == 0])

    @property
    def mean(self) -> float:
        """The mean of its leaves over the training."""
        leaves = self.nodes[self.nodes["is_leaf"] == 1]
        return float(np.average(leaves["value"], weights=leaves["count"]))

    def outputs(self, points: Floats) -> Floats:
        """Return the leaf's value for each value of the feature."""
        nodes = self.nodes
        at: npt.NDArray[np.intp] = np.zeros(len(points), dtype=np.intp)
        while not nodes["is_leaf"][at].all():  # leaves point at themselves until all have arrived
            here = nodes[at]
            goes_left = np.where(
                np.isnan(points), here["missing_go_to_left"] == 1, points <= here["num_threshold"]
            )
            following = np.where(goes_left, here["left"], here["right"])
            at = np.where(here["is_leaf"] == 1, at, following)
        return np.asarray(nodes["value"][at], dtype=np.float64)


class TreeTables:
    """Predicts as its estimator does: `predict_proba` of a classifier, `predict` of a regressor."""

    def __init__(self, estimator: Any, trees: Sequence[Tree]) -> None:
        """`trees` are those of the estimator, in the order in which it adds them."""
        self._estimator = estimator
        thresholds: dict[int, list[Floats]] = defaultdict(list)
        for tree in trees:
            if tree.feature is not None:
                thresholds[tree.feature].append(tree.thresholds)
        self._edges = {
            number: np.unique(np.concatenate(parts)) for number, parts in thresholds.items()
        }
        points = {number: intervals(edges) for number, edges in self._edges.items()}
        self._outputs = [
            (tree.feature, tree.outputs(NOWHERE if tree.feature is None else points[tree.feature]))
            for tree in trees
        ]

    @classmethod
    def of(cls, estimator: Any) -> "TreeTables | None":
        """Return the tables of an estimator; None if it is of another kind.

        None also if a row in any interval of any feature does not get the bits of the estimator.
        """
        if not isinstance(estimator, BOOSTED_TREES):
            return None
        if getattr(estimator, "is_categorical_", True) is not None:  # or it is not fitted
            return None
        trees = additive(estimator)
        if trees is None:
            return None
        tables = cls(estimator, trees)
        grid = tables._grid()
        own = estimator._raw_predict(grid).ravel()  # noqa: SLF001 - has no other name
        return tables if np.array_equal(tables._raw(grid), own) else None

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        """Return what the classifier does, of shape (rows, 2)."""
        if not self._knows(frame):
            return np.asarray(self._estimator.predict_proba(frame))
        return np.asarray(self._estimator._loss.predict_proba(self._raw(frame)))  # noqa: SLF001

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Return what the regressor does, of shape (rows,)."""
        if not self._knows(frame):
            return np.asarray(self._estimator.predict(frame))
        return np.asarray(self._estimator._loss.link.inverse(self._raw(frame)))  # noqa: SLF001

    def _knows(self, frame: pd.DataFrame) -> bool:
        """Whether the columns are the estimator's; it says itself what is wrong with others."""
        names = getattr(self._estimator, "feature_names_in_", frame.columns)
        has_all = (
            list(names) == list(frame.columns) and len(names) == self._estimator.n_features_in_
        )
        return has_all and bool((frame.dtypes == np.float64).all())

    def _raw(self, frame: pd.DataFrame) -> Floats:
        places = {
            number: place_of(frame.iloc[:, number].to_numpy(), edges)
            for number, edges in self._edges.items()
        }
        raw = np.full(len(frame), np.ravel(self._estimator._baseline_prediction)[0])  # noqa: SLF001
        output = np.empty(len(frame))
        for number, outputs in self._outputs:
            if number is None:
                raw += outputs[0]
            else:
                np.take(outputs, places[number], out=output, mode="clip")
                raw += output
        return raw

    def _grid(self) -> pd.DataFrame:
        """Rows in which each feature passes through all of its intervals, and both ends of each."""
        points = {
            number: np.concatenate([intervals(edges), np.nextafter(edges, np.inf), [-np.inf]])
            for number, edges in self._edges.items()
        }
        rows = max(map(len, points.values()), default=1)
        names = getattr(self._estimator, "feature_names_in_", None)
        columns = range(self._estimator.n_features_in_)
        values = [np.resize(points.get(number, np.zeros(1)), rows) for number in columns]
        return pd.DataFrame(np.column_stack(values), columns=names)


def additive(estimator: Any) -> list[Tree] | None:
    """Return the trees of HistGradientBoosting*; None if one splits on two features or categories.

    None also if there are several trees an iteration, one for each class.
    """
    trees = []
    for iteration in estimator._predictors:  # noqa: SLF001 - the trees have no public name
        if len(iteration) > 1:
            return None
        nodes = iteration[0].nodes
        splits = nodes[nodes["is_leaf"] == 0]
        features = set(splits["feature_idx"].tolist())
        if len(features) > 1 or splits["is_categorical"].any():
            return None
        trees.append(Tree(next(iter(features), None), nodes))
    return trees


def place_of(column: Floats, edges: Floats) -> Places:
    """Return the interval of each value: `i` up to and at `edges[i]`; the last one is missing."""
    places = np.searchsorted(edges, column, side="left")
    places[np.isnan(column)] = len(edges) + 1
    return places


def intervals(edges: Floats) -> Floats:
    """Return one value of each interval, in the order of `place_of`."""
    return np.append(edges, [np.inf, np.nan])
