"""Only the registered model is loaded; everything else is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from python_scoring.errors import ArtifactError
from python_scoring.models.artifacts import (
    CARD_FILE,
    MODEL_FILE,
    ModelCard,
    check_signature,
    load,
)
from python_scoring.models.trees import check_trees
from tests.support.artifacts import demo_artifact, registered, rewrite


@pytest.mark.parametrize("product", ["churn", "clv", "segmentation"])
def test_demo_models_load(product: str) -> None:
    """The committed models are the registered ones and pass every check."""
    model = load(registered(product))
    assert model.card.product == product


@pytest.mark.parametrize("file", [MODEL_FILE, CARD_FILE])
def test_one_changed_byte_is_found(tmp_path: Path, file: str) -> None:
    """A byte changed in either file is found before the file is parsed."""
    row, card, model = demo_artifact("churn")
    row = rewrite(tmp_path, row, card, model)
    broken = tmp_path / "artifact" / file
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(bytes(content))
    with pytest.raises(ArtifactError, match=r"SHA-256 .* seeds/model_registry.csv .* restore it"):
        load(row, tmp_path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is named, with what to do."""
    row = replace(registered("churn"), artifact_path=f"nowhere/{MODEL_FILE}")
    with pytest.raises(ArtifactError, match=r"nowhere.*cannot be read"):
        load(row, tmp_path)


def test_untrusted_type_is_refused(tmp_path: Path) -> None:
    """An honest digest does not help a file that holds a type outside our list."""
    row, card, _ = demo_artifact("churn")
    row = rewrite(tmp_path, row, card, skops.io.dumps({"estimator": Fraction(1, 2)}))
    with pytest.raises(ArtifactError, match=r"not trusted: .*Fraction"):
        load(row, tmp_path)


def test_other_scikit_learn_is_refused(tmp_path: Path) -> None:
    """Another version may score differently, so it is an error that names both versions."""
    row, card, model = demo_artifact("churn")
    other = replace(card, libraries={**card.libraries, "scikit-learn": "1.5.0"})
    with pytest.raises(ArtifactError, match=r"scikit-learn 1\.5\.0, but .* is installed"):
        load(rewrite(tmp_path, row, other, model), tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda names: names[:-1], r"extra \['order_count_90d'\]"),
        (lambda names: [*names, {"name": "tenure_days", "type": "number"}], r"missing \['tenure_"),
        (lambda names: names[::-1], "the order differs"),
    ],
)
def test_missing_or_extra_feature_is_named(
    tmp_path: Path,
    change: Callable[[list[dict[str, str]]], list[dict[str, str]]],
    message: str,
) -> None:
    """The card's features must be those that the estimator was fitted on, in the same order."""
    row, card, model = demo_artifact("churn")
    other = replace(card, features=change(card.features))
    with pytest.raises(ArtifactError, match=message):
        load(rewrite(tmp_path, row, other, model), tmp_path)


def test_an_artifact_outside_the_project_is_refused(tmp_path: Path) -> None:
    """Neither an absolute path, nor one that climbs, nor a symbolic link leads out of it."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    row, card, model = demo_artifact("churn")
    row = rewrite(outside, row, card, model)
    project.mkdir()
    (project / "artifact").symlink_to(outside / "artifact")
    for path in (
        str(outside / "artifact" / MODEL_FILE),
        f"../outside/artifact/{MODEL_FILE}",
        row.artifact_path,
    ):
        with pytest.raises(ArtifactError, match=r"leads to .*, outside .*project\. Expected"):
            load(replace(row, artifact_path=path), project)


def test_card_and_registry_must_agree() -> None:
    """A registry row that contradicts the card is an error that names the column."""
    with pytest.raises(ArtifactError, match=r"feature_version = 2\.1\.0.* says 0\.9\.0"):
        load(replace(registered("churn"), feature_version="0.9.0"))


@pytest.mark.parametrize(
    "change",
    [
        {"features": [1]},
        {"features": [{"name": "recency_days"}]},
        {"features": "recency_days"},
        {"libraries": []},
        {"training_as_ofs": [1]},
        {"calibration": {"slope": "x"}},
        {"bounds": {"scores": ["low"]}},
        {"reference": {"features": {"recency_days": {"edges": [1, "two"]}}}},
        {"metrics": []},
        {"model_version": 1},
        {"other": 1},
    ],
)
def test_a_card_of_another_shape_is_refused(change: dict[str, object]) -> None:
    """Somebody else may have written it: the field is named."""
    text = json.dumps(json.loads(demo_artifact("churn")[1].to_json()) | change)
    (name,) = change
    with pytest.raises(ArtifactError, match=rf"model\.json is not a model card: .*{name}"):
        ModelCard.from_json(text, Path("model.json"))
    for other in (b"\xff", b"[" * 100_000, b"[]"):
        with pytest.raises(ArtifactError, match=r"model\.json is not a model card"):
            ModelCard.from_json(other, Path("model.json"))


def test_a_forged_tree_is_found_wherever_it_is() -> None:
    """A set is iterated as a list is."""
    tree = DecisionTreeClassifier().fit(np.array([[0.0], [1.0]]), [0, 1])
    forest = RandomForestClassifier(1).fit(np.array([[0.0], [1.0]]), [0, 1])
    state = tree.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 1_000_000
    tree.tree_.__setstate__(state)
    for place in ([tree], {tree}, {"a": tree}, (tree,), np.array([tree, tree], dtype=object)):
        forest.estimators_ = place
        with pytest.raises(ArtifactError, match="points outside of its own nodes"):
            check_trees(forest)


def test_estimator_without_names_is_refused() -> None:
    """An estimator fitted on an array cannot prove which feature is which."""
    _, card, _ = demo_artifact("churn")
    estimator = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
    with pytest.raises(ArtifactError, match="does not know the names"):
        check_signature(estimator, card, Path("model.skops"))
