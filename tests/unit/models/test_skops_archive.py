"""Trusted types: the project's own list decides, whatever skops trusts."""

import io
import json
import zipfile

import numpy as np
import pytest
import scipy.special
import skops.io
from sklearn.preprocessing import FunctionTransformer
from skops.io import get_untrusted_types

from python_scoring.errors import ArtifactError
from python_scoring.models.skops_archive import TRUSTED_TYPES, checked_schema, types_in
from tests.support.artifacts import demo_artifact

# Whoever adds a module to the list reviews what its types do when they are set up and when they
# predict.
MODULES = {"_loss", "builtins", "collections", "numpy", "scipy.sparse", "sklearn"}


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
    assert len(TRUSTED_TYPES) == 373


def test_what_skops_alone_trusts_is_refused() -> None:
    """A function of scipy that skops trusts by default, and the list does not hold."""
    content = skops.io.dumps(FunctionTransformer(scipy.special.expit))
    assert get_untrusted_types(data=content) == []
    with pytest.raises(ArtifactError, match=r"not trusted: scipy\.special.*expit"):
        checked_schema(content, "model.skops")


@pytest.mark.parametrize("product", ["churn", "clv", "segmentation"])
def test_demo_models_are_made_of_listed_types(product: str) -> None:
    schema = checked_schema(demo_artifact(product)[2], "model.skops")
    assert types_in(schema) <= TRUSTED_TYPES


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
def test_what_is_no_skops_file_is_said(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"model\.skops is not a skops file: "):
        checked_schema(content, "model.skops")


def test_more_members_than_a_model_has_are_refused() -> None:
    content = archive(**{f"m{number}": "" for number in range(10_001)})
    with pytest.raises(ArtifactError, match="10,001 members"):
        checked_schema(content, "model.skops")
