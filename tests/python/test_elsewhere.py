"""Models from elsewhere: a pickle runs nothing, and what is registered scores as it did before."""

import builtins
import functools
import importlib
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from python_scoring.errors import ArtifactError, InputError, PredictionError
from python_scoring.model_import import registration
from python_scoring.model_import.metadata import DeclaredMetadata
from python_scoring.model_import.pickles import load_estimator
from python_scoring.model_import.registration import Registration, register
from python_scoring.model_import.source import bring
from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, ModelCard
from python_scoring.models.registry import Registry
from python_scoring.models.trees import check_trees
from python_scoring.project import PROJECT, parsed_manifest

cloudpickle = pytest.importorskip("cloudpickle")  # comes with MLflow

FEATURES = ["recency_days", "order_day_count"]
KNOWN = DeclaredMetadata("2.0.0", (datetime(2026, 3, 1),))


def customers() -> pd.DataFrame:
    numbers = np.random.default_rng(1)
    return pd.DataFrame({name: numbers.lognormal(2, 1, 120) for name in FEATURES})


def outcome() -> "pd.Series[int]":
    return (customers()["recency_days"] > 8).astype(int)


def fitted() -> RandomForestClassifier:
    return RandomForestClassifier(4, random_state=0).fit(customers(), outcome())


class Calls:
    """Pickles as a call of something."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        """Both may be attacks themselves."""
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        """What pickle writes."""
        return self.call

    def __call__(self) -> None:
        """So that pickle takes it for a function; unpickled it is what it calls."""


def hidden(attack: Any) -> Any:
    """An attack deep in an honest estimator."""
    estimator = fitted()
    estimator.estimators_[2].harmless = {"deeply": [attack]}
    return estimator


MALICIOUS = pickle.dumps(Calls(os.system, "true"))
MARK = "a pickle ran this"

ATTACKS: dict[str, Callable[[], Any]] = {
    "system": lambda: Calls(os.system, f"touch '{MARK}'"),
    "eval": lambda: Calls(builtins.eval, f"open('{MARK}', 'w')"),
    "exec": lambda: hidden(Calls(builtins.exec, f"open('{MARK}', 'w')")),
    "getattr": lambda: Calls(
        Calls(builtins.getattr, Calls(builtins.__import__, "os"), "system"), f"touch '{MARK}'"
    ),
    "Popen": lambda: hidden(Calls(subprocess.Popen, ["touch", MARK])),
    "cloudpickle": lambda: cloudpickle.loads(cloudpickle.dumps(lambda: open(MARK, "w"))),  # noqa: PTH123, SIM115
    "partial": lambda: Calls(functools.partial, os.system, "true"),
    "import_module": lambda: Calls(importlib.import_module, "antigravity"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("protocol", [2, 5])
def test_a_malicious_pickle_runs_nothing(
    attack: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it calls, however deep: it is named in the error, and has not run."""
    monkeypatch.chdir(tmp_path)
    dump = cloudpickle.dumps if attack == "cloudpickle" else pickle.dumps
    content = dump(ATTACKS[attack](), protocol=protocol)
    with pytest.raises(ArtifactError, match=rf"not trusted: .*{attack}.* Nothing of it was run"):
        load_estimator(content, "model.pkl")
    assert list(tmp_path.iterdir()) == []


def raw(*parts: bytes) -> bytes:
    """A pickle put together by hand."""
    return b"\x80\x04" + b"".join(parts) + b"."


LINEAR = b"csklearn.linear_model._base\nLinearRegression\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Trusted names alone: a class is changed, which all code shares.
        (raw(LINEAR, b"N}\x8c\x07predict", b"K\x01s\x86b"), "changes"),
        # What the pickle made itself is called.
        (raw(b"cnumpy\nlog1p\n", b"K\x01\x85R"), "no listed constructor"),
        (raw(b"(cnumpy\nlog1p\n", b"K\x01o"), "Python 2"),
        (raw(b"c_codecs\nencode\n", b"\x8c\x01a\x8c\x05rot13\x86R"), "expected latin1"),
        # Bytes would be taken for the addresses of objects.
        (raw(b"cnumpy\ndtype\n", b"\x8c\x04V8,O\x85R"), "expected a plain one"),
        (raw(b"Pa persistent id\n"), "persistent"),
        (b"no pickle at all", "not a pickle of a scikit-learn estimator"),
    ],
)  # fmt: skip
def test_trusted_names_do_not_help(content: bytes, message: str) -> None:
    """A pickle made of trusted names may still not call or change what it likes."""
    before = dict(vars(LinearRegression))
    with pytest.raises(ArtifactError, match=message):
        load_estimator(content, "model.pkl")
    assert dict(vars(LinearRegression)) == before


def test_a_forged_numpy_type_is_refused() -> None:
    """A record of objects that claims to hold numbers would turn bytes into addresses."""
    honest = np.dtype([("a", "i8")])
    kind = np.dtype("O")

    class Forged:
        """Names objects, and claims the flags of numbers."""

        def __reduce__(self) -> Any:
            """What pickle writes."""
            state = (3, "|", None, ("a",), {"a": (kind, 0)}, 8, 1, 0)
            return (np.dtype, ("V8", False, True), state)

    assert load_estimator(pickle.dumps(honest), "x") == honest
    with pytest.raises(ArtifactError, match="other things than numbers"):
        load_estimator(pickle.dumps(Forged()), "x")


@pytest.mark.parametrize("dump", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        HistGradientBoostingClassifier(max_iter=5),
        RandomForestClassifier(5, random_state=np.random.RandomState(1)),
        CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=3), method="isotonic", cv=2),
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_honest_pickles_score_as_before(estimator: Any, dump: Callable[[Any], bytes]) -> None:
    """What scikit-learn itself pickles comes out whole."""
    estimator.fit(customers(), outcome())
    loaded = load_estimator(dump(estimator), "model.pkl")
    expected = estimator.predict_proba(customers())
    assert np.array_equal(loaded.predict_proba(customers()), expected)


@pytest.mark.parametrize("field", ["left_child", "feature"])
def test_a_tree_that_points_out_of_itself_is_refused(field: str) -> None:
    """scikit-learn would follow such a node into foreign memory."""
    estimator = fitted()
    check_trees(estimator)
    tree = estimator.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"][field][0] = 10**6
    tree.__setstate__(state)
    with pytest.raises(ArtifactError, match="points outside"):
        check_trees(estimator)


# MLflow


def log(estimator: Any, folder: Path, inputs: pd.DataFrame, form: str = "pickle") -> Path:
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


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The project as its files stand."""
    return parsed_manifest()


@pytest.fixture
def registry(tmp_path: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that a test may write to."""
    shutil.copytree(PROJECT / "seeds", tmp_path / "project" / "seeds")
    monkeypatch.setattr(registration, "parsed_manifest", lambda: manifest)
    return Registry(tmp_path / "project")


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "skops"])
def test_a_folder_of_mlflow_is_registered(registry: Registry, tmp_path: Path, form: str) -> None:
    """Each way in which MLflow saves scikit-learn models becomes the same kind of artifact."""
    folder = log(fitted(), tmp_path / "forest", customers(), form)
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
            serialization_format="pickle",
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
        (lambda folder: change(folder, pickled_model="../model.pkl"), "does not lie in the folder"),
        (lambda folder: change(folder, serialization_format="joblib"), "expected skops, pickle"),
        (lambda folder: (folder / "MLmodel").write_text("flavors: {xgb: {}}"), "xgb; expected"),
        (lambda folder: (folder / "MLmodel").unlink(), "no readable file MLmodel"),
        (lambda folder: (folder / "model.pkl").write_bytes(MALICIOUS), "not trusted"),
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


# skops


def save(estimator: Any, folder: Path) -> str:
    skops.io.dump(estimator, folder / "brought.skops")
    return str(folder / "brought.skops")


def test_a_plain_skops_file_gets_its_card(registry: Registry, tmp_path: Path) -> None:
    """Types from the catalogue, the version of scikit-learn from the file, the rest as said."""
    inputs = customers().assign(country=["DE", "FR"] * 60)
    encoded = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["country"]), remainder="passthrough"
    )
    estimator = make_pipeline(encoded, LogisticRegression()).fit(inputs, outcome())
    card, _ = register(Registration("churn", save(estimator, tmp_path), known=KNOWN), registry)
    assert card.features[-1] == {"name": "country", "type": "category"}
    assert card.configuration["source"] == {"kind": "skops", "file": "brought.skops"}
    assert card.reference == {}
    assert "--evaluate-on" in card.metrics["not_evaluated"]
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
def test_what_a_skops_file_cannot_be_registered_as(
    registry: Registry, tmp_path: Path, estimator: Any, known: DeclaredMetadata, message: str
) -> None:
    """What is missing, or does not fit, is named."""
    file = save(estimator.fit(customers(), outcome()), tmp_path)
    with pytest.raises(PredictionError, match=message):
        register(Registration("churn", file, known=known), registry)


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
    """With --evaluate-on it has metrics and references like one that was trained here."""
    monkeypatch.setenv("RAW_DATA", str(demo_raw))
    wanted = Registration(
        "churn", save(fitted(), tmp_path), known=KNOWN, evaluate_on=datetime(2026, 6, 1)
    )
    _, folder = register(wanted, registry)
    card = ModelCard.from_json((folder / CARD_FILE).read_text(), folder / CARD_FILE)
    assert 0 < card.metrics["auc"] <= 1
    assert set(card.reference["features"]) == set(FEATURES)
