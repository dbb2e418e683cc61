"""Explainer of boosted trees with one feature each: a contribution is looked up in a step table."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_scoring.explanations.interface import Contributions

Floats = npt.NDArray[np.float64]

# Whole numbers below it are looked up by index, without a search.
SMALL = 4_096


@dataclass(frozen=True)
class Steps:
    """Step function of a feature: `values[i]` up to and at `edges[i]`, the last one beyond them."""

    edges: Floats
    values: Floats
    missing: float

    def look_up(self, column: Floats) -> Floats:
        """Return the contribution of each value, an array of shape (rows,)."""
        table = np.append(self.values, self.missing)
        with np.errstate(invalid="ignore"):
            whole = column.astype(np.int32)
            is_small = (whole == column).all() and 0 <= whole.min(initial=0) <= whole.max(
                initial=0
            ) < SMALL
        if is_small:  # index lookup, five times as fast as a search
            places = np.searchsorted(self.edges, np.arange(SMALL, dtype=np.float64))
            return table[places[whole]]
        places = np.searchsorted(self.edges, column, side="left")
        places[np.isnan(column)] = len(table) - 1
        return table[places]


class AdditiveTrees:
    """Explainer of HistGradientBoosting in which no tree splits on two features.

    The output of each tree is counted from the mean of its leaves over the training, so that a
    contribution is relative to the average customer.
    """

    only_support = False

    def __init__(self, features: list[str], base: float, steps: dict[int, Steps]) -> None:
        """`steps` has a table for each feature that any tree splits on, by position."""
        self.features = features
        self.base = base
        self._steps = steps

    @classmethod
    def of(cls, estimator: Any, features: list[str]) -> "AdditiveTrees | None":
        """Return the explainer; None if a tree splits on two features or on categories."""
        trees: dict[int, list[Any]] = defaultdict(list)
        base = float(np.ravel(estimator._baseline_prediction)[0])  # noqa: SLF001 - has no other name
        for (tree,) in estimator._predictors:  # noqa: SLF001 - the trees have no public name
            nodes = tree.nodes
            splits = nodes[nodes["is_leaf"] == 0]
            if len(splits) == 0:
                base += float(nodes["value"][0])
                continue
            (number, *others) = set(splits["feature_idx"].tolist())
            if others or splits["is_categorical"].any():
                return None
            trees[number].append(nodes)
        steps = {}
        for number, of_feature in sorted(trees.items()):
            base += sum(_mean(nodes) for nodes in of_feature)
            steps[number] = _steps(of_feature)
        return cls(features, base, steps)

    def contributions(self, frame: pd.DataFrame) -> Contributions:
        """Return contributions of shape (rows, features); zero for features without a split."""
        by_feature = np.zeros((len(self.features), len(frame)))
        for number, steps in self._steps.items():
            column = frame[self.features[number]].to_numpy(dtype=np.float64)
            by_feature[number] = steps.look_up(column)
        return by_feature.T


def _mean(nodes: Any) -> float:
    leaves = nodes[nodes["is_leaf"] == 1]
    return float(np.average(leaves["value"], weights=leaves["count"]))


def _steps(trees: list[Any]) -> Steps:
    """Return all trees of a feature as one step table."""
    edges = np.unique(
        np.concatenate([nodes["num_threshold"][nodes["is_leaf"] == 0] for nodes in trees])
    )
    # One value in each interval, and a missing one.
    points = np.append(edges, [np.inf, np.nan])
    values = sum((_walk(nodes, points) - _mean(nodes) for nodes in trees), np.zeros(len(points)))
    return Steps(edges, values[:-1], float(values[-1]))


def _walk(nodes: Any, points: Floats) -> Floats:
    """Return the leaf's value for each point; leaves point at themselves until all have arrived."""
    at: npt.NDArray[np.intp] = np.zeros(len(points), dtype=np.intp)
    while not nodes["is_leaf"][at].all():
        here = nodes[at]
        goes_left = np.where(
            np.isnan(points), here["missing_go_to_left"] == 1, points <= here["num_threshold"]
        )
        following = np.where(goes_left, here["left"], here["right"])
        at = np.where(here["is_leaf"] == 1, at, following)
    return np.asarray(nodes["value"][at], dtype=np.float64)
