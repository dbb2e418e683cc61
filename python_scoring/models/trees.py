"""Bounds check of decision trees.

scikit-learn follows the indices in a tree's nodes without a check, so a forged file could read
foreign memory or never end, although it holds trusted types only. skops leaves this to whoever
trusts these types: see python_scoring/models/trusted_types.txt.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree

from python_scoring.errors import ArtifactError
from python_scoring.models.boosters import check_boosters

LEAF = -1
BITSET_WORDS = 8


def check_trees(estimator: Any) -> None:
    """Raise ArtifactError if a node of any tree in the estimator points outside its tree."""
    check_boosters(part for part, _ in _parts(estimator))
    for part, features in _trees(estimator):
        is_sound = (
            _is_boosted_tree_sound(part, features)
            if isinstance(part, TreePredictor)
            else _is_tree_sound(part, features)
        )
        if not is_sound:
            raise ArtifactError(
                f"a {type(part).__name__} of the model points outside of its own nodes or features"
            )


def _trees(estimator: Any) -> Iterator[tuple[Any, int]]:
    """Yield every scikit-learn tree in the object graph, with the number of its input features."""
    for part, features in _parts(estimator):
        if isinstance(part, (TreePredictor, Tree)):
            yield part, features


def _parts(estimator: Any) -> Iterator[tuple[Any, int]]:
    """Yield every tree and object with attributes in the graph, with its input features."""
    seen: set[int] = set()
    waiting: list[tuple[Any, int, bool]] = [(estimator, 0, False)]
    while waiting:
        part, features, is_fixed = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, (TreePredictor, Tree)):
            yield part, features
        elif isinstance(part, dict):
            waiting += [(value, features, is_fixed) for value in part.values()]
        elif isinstance(part, (list, tuple, set)):
            waiting += [(value, features, is_fixed) for value in part]
        elif isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                waiting += [(value, features, is_fixed) for value in part.ravel()]
        elif hasattr(part, "__dict__"):
            yield part, features
            if not is_fixed:
                features = int(vars(part).get("n_features_in_", features))
            # These check the rows once, and pass them to their trees unchanged.
            is_fixed = is_fixed or isinstance(part, (BaseForest, BaseGradientBoosting))
            waiting += [(value, features, is_fixed) for value in vars(part).values()]


def _is_boosted_tree_sound(tree: Any, features: int) -> bool:
    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    places = np.arange(len(nodes))[inner]
    bitsets = len(tree.raw_left_cat_bitsets)
    split = nodes[inner]
    categorical = split[split["is_categorical"] != 0]
    return bool(
        len(nodes)
        and _children_sound(split["left"], places, len(nodes))
        and _children_sound(split["right"], places, len(nodes))
        and np.all((split["feature_idx"] >= 0) & (split["feature_idx"] < features))
        and np.all(categorical["bitset_idx"] < bitsets)
        and all(
            bits.shape == (bitsets, BITSET_WORDS)
            for bits in (tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets)
        )
    )


def _is_tree_sound(tree: Any, features: int) -> bool:
    state = tree.__getstate__()
    nodes = state["nodes"]
    inner = nodes["left_child"] != LEAF
    places = np.arange(len(nodes))[inner]
    split = nodes[inner]
    return bool(
        len(nodes)
        and state["node_count"] == len(nodes) == len(state["values"])
        and _children_sound(split["left_child"], places, len(nodes))
        and _children_sound(split["right_child"], places, len(nodes))
        and np.all((split["feature"] >= 0) & (split["feature"] < features))
    )


def _children_sound(children: Any, parents: Any, count: int) -> bool:
    """Whether every child exists and comes after its parent, so that every path ends."""
    return bool(np.all((children > parents) & (children < count)))
