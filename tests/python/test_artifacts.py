"""A model that is not exactly the registered one never scores anybody, and stops nobody else."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from conftest import Fresh
from project import Project, copy_of_project
from sklearn.linear_model import LogisticRegression

from python_scoring.errors import ArtifactError
from python_scoring.models.artifacts import (
    CARD_FILE,
    MODEL_FILE,
    ModelCard,
    RegistryRow,
    check_signature,
    load,
    sha256,
)
from python_scoring.project import PROJECT

NEXT_DAY = "2026-11-24T07:00:00"


def registered(product: str, folder: Path = PROJECT) -> RegistryRow:
    """The registry row of the product's demo model."""
    with (folder / "seeds" / "model_registry.csv").open(newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["product"] == product)
    return RegistryRow(**{name: row[name] for name in RegistryRow.__dataclass_fields__})


def rewrite(folder: Path, row: RegistryRow, card: ModelCard, model: bytes) -> RegistryRow:
    """Put an artifact into `folder` and return the row that registers it honestly."""
    target = folder / "artifact"
    target.mkdir(parents=True, exist_ok=True)
    (target / MODEL_FILE).write_bytes(model)
    (target / CARD_FILE).write_text(card.to_json())
    return replace(
        row,
        artifact_path=str(target / MODEL_FILE),
        artifact_sha256=sha256(model),
        training_config_sha256=sha256(card.to_json().encode()),
    )


def demo_artifact(product: str) -> tuple[RegistryRow, ModelCard, bytes]:
    """The committed demo model."""
    row = registered(product)
    file = PROJECT / row.artifact_path
    card_file = file.with_name(CARD_FILE)
    return row, ModelCard.from_json(card_file.read_text(), card_file), file.read_bytes()


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
        load(row)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is named, with what to do."""
    row = replace(registered("churn"), artifact_path=str(tmp_path / "nowhere" / MODEL_FILE))
    with pytest.raises(ArtifactError, match=r"nowhere.*cannot be read"):
        load(row)


def test_untrusted_type_is_refused(tmp_path: Path) -> None:
    """An honest digest does not help a file that holds a type outside our list."""
    row, card, _ = demo_artifact("churn")
    row = rewrite(tmp_path, row, card, skops.io.dumps({"estimator": Fraction(1, 2)}))
    with pytest.raises(ArtifactError, match=r"not trusted: .*Fraction"):
        load(row)


def test_other_scikit_learn_is_refused(tmp_path: Path) -> None:
    """Another version may score differently, so it is an error that names both versions."""
    row, card, model = demo_artifact("churn")
    other = replace(card, libraries={**card.libraries, "scikit-learn": "1.5.0"})
    with pytest.raises(ArtifactError, match=r"scikit-learn 1\.5\.0, but .* is installed"):
        load(rewrite(tmp_path, row, other, model))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda names: names[:-1], r"extra \['event_count_90d'\]"),
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
        load(rewrite(tmp_path, row, other, model))


def test_card_and_registry_must_agree() -> None:
    """A registry row that contradicts the card is an error that names the column."""
    with pytest.raises(ArtifactError, match=r"feature_version = 1\.0\.0.* says 0\.9\.0"):
        load(replace(registered("churn"), feature_version="0.9.0"))


def test_estimator_without_names_is_refused() -> None:
    """An estimator fitted on an array cannot prove which feature is which."""
    _, card, _ = demo_artifact("churn")
    estimator = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
    with pytest.raises(ArtifactError, match="does not know the names"):
        check_signature(estimator, card, Path("model.skops"))


def break_digest(folder: Path) -> None:
    file = folder / registered("churn", folder).artifact_path
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def old_feature_version(folder: Path) -> None:
    """A model of older features, honestly registered."""
    row = registered("churn", folder)
    card_file = (folder / row.artifact_path).with_name(CARD_FILE)
    card = json.loads(card_file.read_text()) | {"feature_version": "0.9.0"}
    text = ModelCard(**card).to_json()
    card_file.write_text(text)
    seed = folder / "seeds" / "model_registry.csv"
    rows = pd.read_csv(seed, dtype=str)
    churn = rows["product"] == "churn"
    rows.loc[churn, "feature_version"] = "0.9.0"
    rows.loc[churn, "training_config_sha256"] = sha256(text.encode())
    rows.to_csv(seed, index=False)


def unregistered_pin(folder: Path) -> None:
    with (folder / "seeds" / "model_pins.csv").open("a") as pins:
        pins.write("churn,9.9.9,2026-11-24 00:00:00,somebody,a typing error\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (break_digest, "SHA-256"),
        (old_feature_version, "feature_version 0.9.0"),
        (unregistered_pin, "no row in seeds/model_registry.csv"),
    ],
)
def test_broken_churn_leaves_the_others(
    fresh: Fresh, tmp_path: Path, harm: Callable[[Path], None], message: str
) -> None:
    """Churn fails with the reason in the ledger; the others publish; former churn stays served."""
    folder = copy_of_project(tmp_path)
    harm(folder)
    project: Project = fresh(folder=folder)
    before = project.query("select distinct run_id from lake.marts.churn_predictions_v1")
    result = project.build(
        env={"PREDICTION_NOW": NEXT_DAY, "PREDICTION_AS_OF": "2026-11-24"}, check=False
    )
    assert result.returncode != 0
    outcome = dict(
        project.query(
            "select product, status from lake.operations.run_states where as_of = '2026-11-24'"
        )
    )
    assert outcome == {"churn": "failed", "clv": "published", "segmentation": "published"}
    ((reason,),) = project.query(
        "select reason from lake.operations.run_ledger where status = 'failed'"
    )
    assert message in reason
    assert "\n" not in reason
    assert project.query("select distinct run_id from lake.marts.churn_predictions_v1") == before
    served = project.query("select distinct served_as from lake.marts.churn_predictions_v1")
    assert served == [("last_known_good",)]
    steps = dict(
        project.query(
            "select step, status from lake.operations.step_log "
            "where product = 'churn' and run_id = (select run_id from lake.operations.run_ledger "
            "where status = 'failed')"
        )
    )
    assert steps["load_feature_snapshot"] == "passed"
    assert steps["apply_pinned_model"] == "failed"
    assert steps["predict"] == steps["validate"] == steps["persist"] == "skipped"
