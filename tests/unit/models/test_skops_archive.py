"""Trusted types: the project's own list decides, independent of skops."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
import scipy.special
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer
from skops.io import get_untrusted_types

from python_scoring.errors import ArtifactError
from python_scoring.models.skops_archive import (
    LOADERS,
    MAX_SCHEMA_BYTES,
    TRUSTED_TYPES,
    checked_schema,
    types_in,
)
from tests.support.artifacts import demo_artifact

# Whoever adds a module to the list reviews what its types do when they are set up and when they
# predict.
MODULES = {"_loss", "builtins", "collections", "numpy", "scipy.sparse", "sklearn"}
# The extras hold trees in formats of their own, which python_scoring/models/boosters.py checks.
MODULES |= {"lightgbm", "xgboost"}


def test_the_effective_list_is_made_of_reviewed_modules() -> None:
    unexpected = [
        name
        for name in TRUSTED_TYPES
        if not any(name.startswith(f"{module}.") for module in MODULES)
    ]
    assert unexpected == []
    forbidden = (
        "eval",
        "exec",
        "getattr",
        "compile",
        "open",
        "type",
        "object_",
        "load",
        "vectorize",
    )
    assert [name for name in TRUSTED_TYPES if name.rpartition(".")[2] in forbidden] == []
    assert len(TRUSTED_TYPES) == 378


def test_types_trusted_by_skops_only_are_refused() -> None:
    """A function of scipy that skops trusts by default, and the list does not hold."""
    content = skops.io.dumps(FunctionTransformer(scipy.special.expit))
    assert get_untrusted_types(data=content) == []
    with pytest.raises(ArtifactError, match=r"not trusted: scipy\.special.*expit"):
        checked_schema(content, "model.skops")


@pytest.mark.parametrize("product", ["churn", "clv", "segmentation"])
def test_demo_models_are_made_of_listed_types(product: str) -> None:
    schema = checked_schema(demo_artifact(product)[2], "model.skops")
    assert types_in(schema) <= TRUSTED_TYPES


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("catboost.core.CatBoostClassifier", "Train HistGradientBoosting, LightGBM or XGBoost"),
        ("sklearn.model_selection._search.HalvingGridSearchCV", r"search\.best_estimator_"),
        ("sklearn.other.Unknown", r"trusted_types\.txt reviewed"),
    ],
)
def test_a_refused_type_is_answered_with_what_to_save_instead(name: str, advice: str) -> None:
    content = archive(schema_json=json.dumps({"protocol": 2, **node("ObjectNode", name)}))
    with pytest.raises(ArtifactError, match=advice):
        checked_schema(content, "model.skops")


def test_a_search_is_refused_whatever_it_holds() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2)
    content = skops.io.dumps(search.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]))
    with pytest.raises(ArtifactError, match=r"skops\.io\.dump\(search\.best_estimator_"):
        checked_schema(content, "model.skops")


def archive(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name.replace("_json", ".json"), text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        archive(other="x"),
        archive(schema_json="{"),
        archive(schema_json="[]"),
        archive(schema_json="[" * 100_000),
        archive(schema_json=json.dumps({"__class__": "x" * 10}))[:-30],
        np.zeros(3).tobytes(),
    ],
)
def test_a_file_that_is_not_skops_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"model\.skops is not a skops file: "):
        checked_schema(content, "model.skops")


def test_more_members_than_a_model_has_are_refused() -> None:
    content = archive(**{f"m{number}": "" for number in range(10_001)})
    with pytest.raises(ArtifactError, match="10,001 members"):
        checked_schema(content, "model.skops")


def test_a_description_that_fills_the_memory_is_refused() -> None:
    """Empty lists take 20 times the memory of their text, and their text compresses well."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", "[" + "[]," * (MAX_SCHEMA_BYTES // 3) + "[]]")
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(ArtifactError, match="describes its objects in 16,777,219 bytes"):
        checked_schema(buffer.getvalue(), "model.skops")


def node(loader: str, name: str, **content: Any) -> dict[str, Any]:
    module, _, kind = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": kind, **content}


def text(value: Any) -> dict[str, Any]:
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def sequence(*items: dict[str, Any]) -> dict[str, Any]:
    return node("TupleNode", "builtins.tuple", content=[*items])


# numpy.ndarray((1,), "O", numbers): an array of objects at addresses that the file chooses.
NUMBERS = node("NdArrayNode", "numpy.ndarray", type="numpy", file="numbers.npy")
ARGUMENTS = sequence(sequence(text(1)), text("O"), NUMBERS)
TRANSFORMER = "sklearn.preprocessing._function_transformer.FunctionTransformer"


@pytest.mark.parametrize(
    ("forged", "named"),
    [
        (
            node("ConstructorFromReduceNode", "numpy.ndarray", content=ARGUMENTS),
            "numpy.ndarray by ConstructorFromReduceNode",
        ),
        (
            node("LossNode", "numpy.ndarray", __reduce__={"args": ARGUMENTS}, content=text(None)),
            "numpy.ndarray by LossNode",
        ),
        (
            node("FunctionNode", "numpy.ndarray"),
            "numpy.ndarray by FunctionNode",
        ),
        (node("TypeNode", "numpy.dtype"), "numpy.dtype by TypeNode"),
        (
            node("PartialNode", "builtins.int", content={"func": node("TypeNode", "builtins.str")}),
            "builtins.int by PartialNode",
        ),
        (node("ObjectNode", "sklearn.tree._tree.Tree"), "sklearn.tree._tree.Tree by ObjectNode"),
        (node("NdArrayNode", TRANSFORMER, type="numpy"), f"{TRANSFORMER} by NdArrayNode"),
        (node("RandomStateNode", TRANSFORMER, content=text(1)), f"{TRANSFORMER} by Random"),
        ({"__module__": "numpy", "__class__": "ndarray"}, "numpy.ndarray by None"),
    ],
)
def test_a_trusted_type_is_built_in_no_other_way(forged: dict[str, Any], named: str) -> None:
    """The loader stands in the file: it could call any listed type with any arguments."""
    schema = node("ListNode", "builtins.list", content=[forged], protocol=2)
    content = archive(schema_json=json.dumps(schema))
    assert types_in(schema) <= TRUSTED_TYPES
    with pytest.raises(ArtifactError, match=named):
        checked_schema(content, "model.skops")


def test_each_trusted_type_has_its_loaders() -> None:
    assert set().union(*LOADERS.values()) == TRUSTED_TYPES


@pytest.mark.parametrize("protocol", [0, 1, 3, True, None, "2"])
def test_another_protocol_of_skops_is_refused(protocol: object) -> None:
    """Older ones have loaders that take names from elsewhere in the description."""
    content = archive(schema_json=json.dumps({**text(1), "protocol": protocol}))
    with pytest.raises(ArtifactError, match=r"protocol .* of skops; expected 2"):
        checked_schema(content, "model.skops")
    assert checked_schema(skops.io.dumps(1), "model.skops")["protocol"] == 2
