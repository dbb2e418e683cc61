"""Registration of models trained outside the project, and the reasons for refusals."""

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
import yaml
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from sklearn.svm import SVC

from python_scoring.errors import ArgumentError, ArtifactError, InputError, PredictionError
from python_scoring.model_import import registration
from python_scoring.model_import.metadata import DeclaredMetadata
from python_scoring.model_import.registration import Registration, register
from python_scoring.model_import.source import bring
from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, ModelCard
from python_scoring.models.registry import Registry
from python_scoring.project import PROJECT
from python_scoring.training.export import ExportRequest, export_training_data
from tests.support.estimators import FEATURES, customers, fitted, outcome
from tests.support.manifest import Manifest
from tests.support.pickles import MALICIOUS, MARK, Calls

KNOWN = DeclaredMetadata("2.0.0", (datetime(2026, 3, 1),))


# MLflow


def log(estimator: Any, folder: Path, inputs: pd.DataFrame, form: str = "skops") -> Path:
    """A model folder as MLflow saves it."""
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("mlflow.sklearn").save_model(
        estimator,
        folder,
        serialization_format=form,
        signature=mlflow.models.infer_signature(inputs),
        input_example=inputs.head(5),
        pip_requirements=["scikit-learn"],
        skops_trusted_types=["sklearn.tree._tree.Tree"],
    )
    return folder


def change(folder: Path, **flavour: Any) -> Path:
    """Change what MLmodel says of the flavour."""
    described = yaml.safe_load((folder / "MLmodel").read_text())
    described["flavors"]["sklearn"] |= flavour
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    return folder


@pytest.fixture
def registry(tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that a test may write to."""
    shutil.copytree(PROJECT / "seeds", tmp_path / "project" / "seeds")
    monkeypatch.setattr(registration, "parsed_manifest", lambda: manifest)
    return Registry(tmp_path / "project")


def test_a_folder_of_mlflow_is_registered(registry: Registry, tmp_path: Path) -> None:
    folder = log(fitted(), tmp_path / "forest", customers())
    card, written = register(Registration("churn", str(folder), known=KNOWN), registry)
    assert [feature["name"] for feature in card.features] == FEATURES
    assert card.label_window_closed_at == "2026-05-30T00:00:00"
    assert card.configuration["source"]["uri"] == "forest"
    assert str(tmp_path) not in (written / CARD_FILE).read_text()
    estimator = skops.io.load(written / MODEL_FILE, trusted=["sklearn.tree._tree.Tree"])
    expected = fitted().predict_proba(customers())
    assert np.array_equal(estimator.predict_proba(customers()), expected)


def test_an_uri_of_mlflow_brings_its_run(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registered model comes with its run's id, parameters and metrics, without its secrets."""
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("mlflow.sklearn")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    with mlflow.start_run() as run:
        mlflow.log_params({"trees": 4, "data": "/home/ana/churn.csv", "db_password": "hunter2"})
        mlflow.log_metric("auc", 0.7)
        mlflow.sklearn.log_model(
            fitted(),
            name="model",
            serialization_format="skops",
            skops_trusted_types=["sklearn.tree._tree.Tree"],
            signature=mlflow.models.infer_signature(customers()),
            registered_model_name="churn",
            pip_requirements=["scikit-learn"],
        )
    run_id = run.info.run_id
    card, _ = register(Registration("churn", "models:/churn/1", known=KNOWN), registry)
    assert card.training_run_id == run_id
    assert card.configuration["parameters"] == {"trees": "4"}
    assert card.metrics["reported"] == {"auc": 0.7}
    assert card.configuration["source"]["uri"] == "models:/churn/1"
    assert bring(f"runs:/{run_id}/model").run_id == run_id
    with pytest.raises(InputError, match=r"models:/churn/9: MLflow cannot fetch it"):
        bring("models:/churn/9")


def test_without_a_server_of_mlflow_its_variable_is_named(tmp_path: Path) -> None:
    """Then MLflow looks into a database of this machine, which its small client cannot read."""
    environment = {name: text for name, text in os.environ.items() if "MLFLOW" not in name}
    result = subprocess.run(
        [sys.executable, "-m", "python_scoring", "register", "churn", "models:/nothing/1"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: models:/nothing/1: MLflow cannot fetch it: No module")
    assert "Set MLFLOW_TRACKING_URI" in result.stderr


def test_without_mlflow_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and a folder needs none."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'customer-predictions\[mlflow\]'"):
        bring("https://ana:secret@mlflow.example.com/model")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: change(folder, sklearn_version="1.5.0"), r"scikit-learn 1\.5\.0, but"),
        (lambda folder: change(folder, pickled_model="../model.skops"), "not lie in the folder"),
        (lambda folder: change(folder, serialization_format="joblib"), "are never read here"),
        (lambda folder: (folder / "MLmodel").write_text("flavors: {xgb: {}}"), "xgb; expected"),
        (lambda folder: (folder / "MLmodel").unlink(), "no readable file MLmodel"),
        (lambda folder: (folder / "model.skops").write_bytes(MALICIOUS), "is not a skops file"),
    ],
)  # fmt: skip
def test_a_broken_folder_is_named(
    registry: Registry, tmp_path: Path, harm: Callable[[Path], Any], message: str
) -> None:
    """What is wrong is said, and nothing is registered."""
    folder = log(fitted(), tmp_path / "forest", customers())
    harm(folder)
    before = registry.models_file.read_text()
    with pytest.raises(PredictionError, match=message):
        register(Registration("churn", str(folder), known=KNOWN), registry)
    assert registry.models_file.read_text() == before
    assert not (registry.project / "python_scoring").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\xff\xfe", "is not YAML"),
        (b"[" * 100_000, "is not YAML"),
        (b"flavors: {sklearn: [1]}", r"has \[1\] as flavors\.sklearn; expected a mapping"),
        (b"flavors: {1: 2, xgb: 3}", "has the flavours 1, xgb; expected sklearn"),
        (b"{flavors: {}, run_id: [1]}", r"has \[1\] as run_id; expected a text"),
        (b'{flavors: {}, run_id: "a\\0b"}', "as run_id; expected a text"),
        (b"{flavors: {}, signature: {inputs: 5}}", r"has 5 as signature\.inputs; expected a text"),
        (b" " * 2**20 + b" ", "has 1,048,577 bytes; expected at most 1,048,576"),
    ],
)
def test_a_description_of_any_text_is_refused_with_its_reason(
    tmp_path: Path, text: bytes, message: str
) -> None:
    (tmp_path / "MLmodel").write_bytes(text)
    with pytest.raises(ArtifactError, match=message):
        bring(str(tmp_path))


def test_a_description_that_unfolds_is_not_copied(tmp_path: Path) -> None:
    """Nine to the power of nine words in 300 bytes of YAML."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (tmp_path / "MLmodel").write_text("\n".join([*lines, "run_id: *a8"]))
    with pytest.raises(ArtifactError, match="as run_id; expected a text"):
        bring(str(tmp_path))


@pytest.mark.parametrize("inputs", ["{", "[1]", '[{"name": "recency_days"}]', "[" * 100_000])
def test_a_signature_of_any_text_is_refused(tmp_path: Path, inputs: str) -> None:
    folder = log(fitted(), tmp_path / "forest", customers())
    described = yaml.safe_load((folder / "MLmodel").read_text())
    described["signature"]["inputs"] = inputs
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    with pytest.raises(ArtifactError, match="its signature cannot be read"):
        bring(str(folder))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"recency_days": "recency_weeks"}, r"recency_weeks .*which the feature catalogue"),
        ({"recency_days": "country"}, r"signature .* country is a number instead of a category"),
    ],
)
def test_features_must_be_those_of_the_catalogue(
    registry: Registry, tmp_path: Path, columns: dict[str, str], message: str
) -> None:
    """By name, type and order."""
    inputs = customers().rename(columns=columns)
    estimator = LogisticRegression().fit(inputs, outcome())
    folder = log(estimator, tmp_path / "other", inputs)
    with pytest.raises(ArtifactError, match=message):
        register(Registration("churn", str(folder), known=KNOWN), registry)


def test_a_signature_in_another_order_is_refused(registry: Registry, tmp_path: Path) -> None:
    """The estimator takes its features by place."""
    folder = log(fitted(), tmp_path / "forest", customers())
    described = yaml.safe_load((folder / "MLmodel").read_text())
    inputs = described["signature"]["inputs"]
    described["signature"]["inputs"] = (
        str(yaml.safe_load(inputs)[::-1]).replace("'", '"').replace("True", "true")
    )
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    with pytest.raises(ArtifactError, match="the order differs"):
        register(Registration("churn", str(folder), known=KNOWN), registry)


@pytest.mark.parametrize("form", ["pickle", "cloudpickle"])
def test_a_pickle_is_never_read(
    registry: Registry, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a folder of MLflow nor as a file: the error says how to convert it."""
    monkeypatch.chdir(tmp_path)
    folder = log(fitted(), tmp_path / "forest", customers(), form)
    (folder / "model.pkl").write_bytes(pickle.dumps(Calls(os.system, f"touch '{MARK}'")))
    for source, library, load in (
        (folder, "mlflow.sklearn", "mlflow.sklearn.load_model('forest')"),
        (folder / "model.pkl", "joblib", "joblib.load('model.pkl')"),
    ):
        with pytest.raises(ArtifactError) as refused:
            register(Registration("churn", str(source), known=KNOWN), registry)
        lines = str(refused.value).splitlines()
        assert lines[2].strip() == f'skops.io.dump({load}, "model.skops")'
        assert lines[1].strip() == f"import {library}, skops.io"
    assert not (tmp_path / MARK).exists()


def test_text_from_a_run_is_escaped(registry: Registry, tmp_path: Path) -> None:
    """An id that a spreadsheet or a line break would take for something else is refused; in the
    model card a name is no markup.
    """
    folder = log(fitted(), tmp_path / "forest", customers())
    described = yaml.safe_load((folder / "MLmodel").read_text())
    for run_id in ("=cmd|' /C calc'!A0", "a\nb", "<b>"):
        (folder / "MLmodel").write_text(yaml.safe_dump({**described, "run_id": run_id}))
        with pytest.raises(ArtifactError, match=r"training_run_id is .*; expected"):
            register(Registration("churn", str(folder), known=KNOWN), registry)
    marked = "2.1 <img src=x onerror=alert(1)>\n## [click](http://x)"
    (folder / "MLmodel").write_text(yaml.safe_dump({**described, "mlflow_version": marked}))
    register(Registration("churn", str(folder), known=KNOWN), registry)
    (card,) = registry.project.rglob("MODEL_CARD.md")
    text = card.read_text()
    assert "2.1 &#60;img src=x onerror=alert(1)&#62; ## &#91;click&#93;(http://x)" in text
    assert "<img" not in text


# skops


def forged_arrays() -> SVC:
    """A support vector machine with more indices of support vectors than it has vectors."""
    estimator = SVC(probability=True, random_state=0).fit(customers(), outcome())
    estimator.support_ = np.full(10_000_000, 1, dtype=np.int32)
    return estimator


def test_a_model_that_crashes_the_process_is_refused(registry: Registry, tmp_path: Path) -> None:
    """Made of trusted types, but with forged arrays: only the trial ends."""
    with pytest.raises(ArtifactError, match=r"does not survive a trial: .* ended by signal 11"):
        register(Registration("churn", save(forged_arrays(), tmp_path), known=KNOWN), registry)
    assert not (registry.project / "python_scoring").exists()


def test_a_file_that_is_large_unpacked_is_refused(registry: Registry, tmp_path: Path) -> None:
    estimator = LogisticRegression().fit(customers(), outcome())
    estimator.harmless_ = np.zeros(80_000_000)
    file = tmp_path / "large.skops"
    skops.io.dump(estimator, file, compression=zipfile.ZIP_DEFLATED)
    assert file.stat().st_size < 2_000_000
    with pytest.raises(ArtifactError, match=r"members of 640,.* bytes unpacked; expected at most"):
        register(Registration("churn", str(file), known=KNOWN), registry)


def test_a_file_that_is_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.skops").touch()
    os.truncate(tmp_path / "large.skops", 2**40)  # a hole, which takes no room
    with pytest.raises(ArtifactError, match="has 1,099,511,627,776 bytes; expected at most"):
        bring(str(tmp_path / "large.skops"))


@pytest.mark.parametrize("version", ["{", "[1, 2]"])
def test_a_version_of_any_text_is_refused(tmp_path: Path, version: str) -> None:
    source = skops.io.dumps(LogisticRegression().fit(customers(), outcome()))
    known = json.dumps(json.dumps(sklearn.__version__))[1:-1]
    with (
        zipfile.ZipFile(io.BytesIO(source)) as original,
        zipfile.ZipFile(tmp_path / "model.skops", "w") as forged,
    ):
        for name in original.namelist():
            text = original.read(name)
            forged.writestr(
                name, text.replace(known.encode(), version.encode()) if "schema" in name else text
            )
    with pytest.raises(ArtifactError, match="scikit-learn"):
        register(Registration("churn", str(tmp_path / "model.skops"), known=KNOWN), Registry())


def save(estimator: Any, folder: Path) -> str:
    skops.io.dump(estimator, folder / "source.skops")
    return str(folder / "source.skops")


def test_a_plain_skops_file_gets_its_card(registry: Registry, tmp_path: Path) -> None:
    """Types from the catalogue, the version of scikit-learn from the file, the rest as said."""
    inputs = customers().assign(country=["DE", "FR"] * 60)
    encoded = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["country"]), remainder="passthrough"
    )
    estimator = make_pipeline(encoded, LogisticRegression()).fit(inputs, outcome())
    card, _ = register(Registration("churn", save(estimator, tmp_path), known=KNOWN), registry)
    assert card.features[-1] == {"name": "country", "type": "category"}
    assert card.configuration["source"] == {"kind": "skops", "file": "source.skops"}
    assert card.reference == {}
    assert "--evaluate-on" in str(card.metrics["not_evaluated"])
    assert "churn,2.0.0,python_scoring/artifacts/churn/2.0.0/" in registry.models_file.read_text()


@pytest.mark.parametrize(
    ("estimator", "known", "message"),
    [
        (
            LogisticRegression(),
            DeclaredMetadata(),
            "cannot know --model-version and --training-as-of",
        ),
        (LogisticRegression(), replace(KNOWN, feature_version="9.0.0"), "feature_version 9.0.0"),
        (LogisticRegression(), replace(KNOWN, model_version="1.0.0"), "has churn 1.0.0 already"),
        (LinearRegression(), KNOWN, "no model of a probability"),
    ],
)
def test_a_skops_file_that_does_not_fit_is_refused(
    registry: Registry, tmp_path: Path, estimator: Any, known: DeclaredMetadata, message: str
) -> None:
    """What is missing, or does not fit, is named."""
    file = save(estimator.fit(customers(), outcome()), tmp_path)
    with pytest.raises(PredictionError, match=message):
        register(Registration("churn", file, known=known), registry)


@pytest.mark.parametrize(("by", "reason"), [("ana", "=1+1"), ("two\nlines", "better")])
def test_texts_of_a_pin_are_judged_before_anything_is_written(
    registry: Registry, tmp_path: Path, by: str, reason: str
) -> None:
    """A model that is registered without its pin would have to be taken out by hand."""
    file = save(fitted(), tmp_path)
    wanted = Registration(
        "churn",
        file,
        known=KNOWN,
        pin_from=datetime(2026, 12, 31),
        pinned_by=by,
        reason=reason,
    )
    before = sorted(registry.project.rglob("*"))
    with pytest.raises(ArgumentError, match="expected one line of text"):
        register(wanted, registry)
    assert sorted(registry.project.rglob("*")) == before
    assert "churn,2.0.0," not in registry.models_file.read_text()


def test_a_classifier_is_refused_for_an_estimate(registry: Registry, tmp_path: Path) -> None:
    """Its 0 and 1 would be served as money."""
    with pytest.raises(ArtifactError, match="is a classifier: expected a regressor"):
        register(Registration("clv", save(fitted(), tmp_path), known=KNOWN), registry)
    regressor = LinearRegression().fit(customers(), outcome())
    register(Registration("clv", save(regressor, tmp_path), known=KNOWN), registry)


def test_segments_need_names(registry: Registry, tmp_path: Path) -> None:
    """A cluster is a number; what it means, somebody has to say."""
    estimator = Pipeline(
        [
            ("impute", SimpleImputer()),
            ("quantiles", QuantileTransformer(n_quantiles=20)),
            ("clusters", KMeans(2, n_init=2, random_state=0)),
        ]
    ).fit(customers())
    wanted = Registration("segmentation", save(estimator, tmp_path), known=KNOWN)
    with pytest.raises(InputError, match="2 clusters and 0 names"):
        register(wanted, registry)
    names = ("champions", "lost")
    named = replace(wanted, known=replace(KNOWN, segment_names=names))
    card, _ = register(named, registry)
    assert card.segment_names == list(names)


@pytest.mark.slow
def test_a_model_from_elsewhere_is_evaluated_here(
    demo_raw: Path, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --evaluate-on it has metrics and references like one that was trained here.

    A digest that is not that of its training rows is refused, and nothing is written.
    """
    monkeypatch.setenv("RAW_DATA", str(demo_raw))
    of_training = [datetime(2026, 3, 1)]
    exported = export_training_data(ExportRequest("churn", of_training, tmp_path / "rows.parquet"))
    wanted = Registration(
        "churn",
        save(fitted(), tmp_path),
        known=replace(KNOWN, training_data_digest=exported.digest),
        evaluate_on=datetime(2026, 6, 1),
    )
    other = replace(wanted, known=replace(KNOWN, training_data_digest="a" * 64))
    with pytest.raises(InputError, match=f"prints {exported.digest} and "):
        register(other, registry)
    assert not registry.artifact_folder("churn", "2.0.0").exists()
    _, folder = register(wanted, registry)
    card = ModelCard.from_json((folder / CARD_FILE).read_text(), folder / CARD_FILE)
    assert 0 < card.metrics["auc"] <= 1
    assert set(card.reference["features"]) == set(FEATURES)
    assert card.training_data["digest"] == exported.digest
