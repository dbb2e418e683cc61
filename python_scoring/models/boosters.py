"""Safety checks of LightGBM and XGBoost models (extras): versions, parameters, and bounds of trees.

Both libraries follow the indices in a tree's nodes without a check, so a forged file could read
foreign memory or never end. Reading a model follows none of them, so the trees are checked after
reading and before use: LightGBM's from its text, XGBoost's from its JSON.
"""

import importlib.util
import json
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from python_scoring.errors import ArtifactError
from python_scoring.models.skops_archive import BOOSTING_LIBRARIES

Integers = npt.NDArray[np.int64]

# XGBoost's own name on PyPI brings a library for graphics cards; both install the same module.
_DISTRIBUTIONS = {"lightgbm": ("lightgbm",), "xgboost": ("xgboost-cpu", "xgboost")}

# Parameters that name files or other machines, or switch a check off: prediction hands all of them
# to LightGBM's library.
_OUTSIDE = re.compile(
    r"file|machine|config|input|output|listen|worker|mlist|snapshot|shape_check|^nodes$|^data$"
)
_WORD = re.compile(r"[A-Za-z0-9_.+-]*")

_CATEGORICAL = 1  # the bit of LightGBM's decision_type


def libraries_of(types: Iterable[str]) -> dict[str, str]:
    """Return the extras that a model of these types needs, with their installed versions.

    Raises ArtifactError if one is not installed.
    """
    needed = sorted({name.split(".", 1)[0] for name in types} & set(BOOSTING_LIBRARIES))
    return {library: _installed(library) for library in needed}


def check_versions(types: Iterable[str], recorded: dict[str, str], model: str) -> None:
    """Raise ArtifactError if an extra is missing or has another version than was registered."""
    for library, installed in libraries_of(types).items():
        if recorded.get(library) not in {None, installed}:
            raise ArtifactError(
                f"{model} was registered with {library} {recorded[library]}, but {installed} is "
                "installed. Install that version, or register the model again: another one may "
                "score differently."
            )


def check_boosters(objects: Iterable[Any]) -> None:
    """Raise ArtifactError if a tree of any booster among these objects points outside itself."""
    lightgbm, xgboost = sys.modules.get("lightgbm"), sys.modules.get("xgboost")
    for each in objects:
        if lightgbm and isinstance(each, lightgbm.LGBMModel):
            _check_parameters(each)
        elif lightgbm and isinstance(each, lightgbm.Booster):
            _check_lightgbm(each.model_to_string(num_iteration=-1))
        elif xgboost and isinstance(each, xgboost.Booster):
            _check_xgboost(json.loads(bytes(each.save_raw("json"))))


def _installed(library: str) -> str:
    if importlib.util.find_spec(library) is not None:
        for distribution in _DISTRIBUTIONS[library]:
            with suppress(PackageNotFoundError):
                return version(distribution)
    raise ArtifactError(
        f"a model of {library} needs that library: pip install 'customer-predictions[{library}]'"
    )


def _check_parameters(estimator: Any) -> None:
    """LightGBM's parameters must be plain words and numbers, and name nothing outside the model."""
    for name, value in estimator._process_params(stage="predict").items():  # noqa: SLF001 - has no other name
        values = value if isinstance(value, list | tuple) else [value]
        is_plain = all(
            each is None
            or isinstance(each, bool | int | float | np.number | np.bool_)
            or (isinstance(each, str) and _WORD.fullmatch(each))
            for each in values
        )
        if not is_plain or not _WORD.fullmatch(str(name)) or (_OUTSIDE.search(name) and value):
            raise ArtifactError(
                f"the LightGBM parameter {name!r} is {value!r}; expected numbers and single words, "
                "and none that names a file or a machine. Fit the estimator without it."
            )


def _check_lightgbm(text: str) -> None:
    """Check the trees in LightGBM's text of a model."""
    head, *parts = text.split("end of trees", 1)[0].split("\nTree=")
    header = _fields(head)
    features = int(header["max_feature_idx"]) + 1
    _require(
        header.get("num_class") == header.get("num_tree_per_iteration") == "1",
        "more than one output",
    )
    for part in parts:
        tree = _fields(part)
        _require(tree.get("is_linear", "0") == "0", "linear trees (linear_tree=True)")
        leaves = int(tree["num_leaves"])
        if leaves > 1:
            _check_lightgbm_tree(tree, leaves, features)


def _check_lightgbm_tree(tree: dict[str, str], leaves: int, features: int) -> None:
    left, right, split, kinds = (
        _integers(tree[name])
        for name in ("left_child", "right_child", "split_feature", "decision_type")
    )
    inner = leaves - 1
    _require(all(len(each) == inner for each in (left, right, split, kinds)), "ragged trees")
    places = np.arange(inner)
    for children in (left, right):
        is_leaf = children < 0  # a leaf is the complement of its number
        _require_sound(
            np.where(is_leaf, ~children < leaves, (children > places) & (children < inner))
        )
    _require_sound((split >= 0) & (split < features))
    categorical = (kinds & _CATEGORICAL) != 0
    if categorical.any():
        bounds, words = _integers(tree["cat_boundaries"]), _integers(tree["cat_threshold"])
        numbers = np.array(tree["threshold"].split(), dtype=np.float64)[categorical]
        _require_sound((numbers >= 0) & (numbers < len(bounds) - 1))
        _require_sound(np.diff(bounds) >= 0)
        _require(bounds[0] == 0 and bounds[-1] == len(words), "categories beyond their table")


def _check_xgboost(model: dict[str, Any]) -> None:
    """Check the trees in XGBoost's JSON of a model."""
    learner = model["learner"]
    shape = learner["learner_model_param"]
    _require(int(shape["num_class"]) <= 1 and int(shape["num_target"]) == 1, "more than one output")
    booster = learner["gradient_booster"]
    _require(booster["name"] in {"gbtree", "dart"}, f"a booster {booster['name']!r} without trees")
    forest = booster["gbtree" if booster["name"] == "dart" else "model"]
    forest = forest.get("model", forest)
    trees = forest["trees"]
    _require_sound(np.array(forest["tree_info"]) == 0)
    rounds = np.array(forest.get("iteration_indptr", [0]))
    _require_sound((rounds >= 0) & (rounds <= len(trees)))
    _require_sound(np.diff(rounds) >= 0)
    if booster["name"] == "dart":
        _require(len(booster["weight_drop"]) == len(trees), "ragged trees")
    for tree in trees:
        _check_xgboost_tree(tree, int(shape["num_feature"]))


def _check_xgboost_tree(tree: dict[str, Any], features: int) -> None:
    left, right, split = (
        np.array(tree[name], dtype=np.int64)
        for name in ("left_children", "right_children", "split_indices")
    )
    _require(int(tree["tree_param"]["size_leaf_vector"]) <= 1, "more than one output")
    count = len(left)
    _require(count > 0 and len(right) == len(split) == count, "ragged trees")
    is_inner = left != -1
    children = np.concatenate([left[is_inner], right[is_inner]])
    # No node is the root or the child of two, so every path from the root ends.
    _require_sound((children > 0) & (children < count))
    _require(len(np.unique(children)) == len(children), "paths that do not end")
    _require_sound((split[is_inner] >= 0) & (split[is_inner] < features))
    if any(tree.get("split_type", [])):
        starts, sizes = np.array(tree["categories_segments"]), np.array(tree["categories_sizes"])
        _require(len(starts) == len(sizes) == len(tree["categories_nodes"]), "ragged categories")
        _require_sound((starts >= 0) & (sizes >= 0))
        _require_sound(starts + sizes <= len(tree["categories"]))


def _fields(text: str) -> dict[str, str]:
    """Return the lines `name=value` of a part of LightGBM's text."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _integers(text: str) -> Integers:
    return np.array(text.split(), dtype=np.int64)


def _require_sound(holds: Any) -> None:
    _require(bool(np.all(holds)), "nodes that point outside of their own trees or features")


def _require(holds: object, found: str) -> None:
    if not holds:
        raise ArtifactError(
            f"the model has {found}; expected boosted trees of one output, as LightGBM's and "
            "XGBoost's classifiers of two classes and regressors fit them"
        )
