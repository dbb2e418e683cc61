"""Models from elsewhere: a pickle runs nothing, and what is registered scores as it did before."""

import builtins
import functools
import importlib
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from python_scoring.errors import ArtifactError
from python_scoring.model_import.pickles import load_estimator
from python_scoring.models.trees import check_trees
from tests.support.estimators import customers, fitted, outcome
from tests.support.pickles import MARK, Calls

cloudpickle = pytest.importorskip("cloudpickle")  # comes with MLflow


def hidden(attack: Any) -> Any:
    """An attack deep in an honest estimator."""
    estimator = fitted()
    estimator.estimators_[2].harmless = {"deeply": [attack]}
    return estimator


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
