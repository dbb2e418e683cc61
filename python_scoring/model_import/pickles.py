"""Estimators out of pickles, without running anything that a pickle asks for.

A pickle is a program: it may name any function of any module and call it. Here it may name only
what stands in the lists below, by exact names, and call only the constructors among them; what it
sets on objects is looked at first. Everything else is an error, before the object it belongs to
exists. What comes out still goes through the audit of python_scoring/models/artifacts.py.
"""

import importlib
import io
import pickle
import re
import warnings
from functools import cache
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils import all_estimators

from python_scoring.errors import ArtifactError

# Parts of fitted estimators that are no estimators themselves. They hold numbers and other parts.
PARTS = {
    "sklearn._loss.link": (
        "HalfLogitLink", "IdentityLink", "Interval", "LogLink", "LogitLink", "MultinomialLogit",
    ),
    "sklearn._loss.loss": (
        "AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss",
        "HalfMultinomialLoss", "HalfPoissonLoss", "HalfSquaredError", "HuberLoss", "PinballLoss",
    ),
    "sklearn._loss._loss": (
        "CyAbsoluteError", "CyExponentialLoss", "CyHalfBinomialLoss", "CyHalfGammaLoss",
        "CyHalfMultinomialLoss", "CyHalfPoissonLoss", "CyHalfSquaredError", "CyHuberLoss",
        "CyPinballLoss",
    ),
    "sklearn.calibration": ("_CalibratedClassifier", "_SigmoidCalibration"),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.tree._tree": ("Tree",),
    "sklearn.utils._bunch": ("Bunch",),
    "numpy": ("ndarray", "float64", "float32", "int64", "int32", "bool_"),
    "numpy._core.multiarray": ("_reconstruct",),
    "numpy._core.numeric": ("_frombuffer",),
    "numpy.random._mt19937": ("MT19937",),
    "numpy.random._pcg64": ("PCG64",),
    "numpy.random._pickle": ("__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"),
    "numpy.random.bit_generator": ("SeedSequence", "__pyx_unpickle_SeedSequence"),
    "builtins": ("bytes", "set", "slice"),
}  # fmt: skip

# How pickles of other protocols, and of older numpy, spell modules of the list.
SPELLINGS = {
    "sklearn._loss._loss": "_loss",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
    "builtins": "__builtin__",
}


# The one written in Python: it can be asked before it calls something, the one in C cannot.
_Unpickler: Any = pickle._Unpickler  # noqa: SLF001


def load_estimator(content: bytes, source: str) -> Any:
    """The object in a pickle, made of listed types alone.

    Raises ArtifactError, which lists the names that are not trusted, or says what is wrong with
    the bytes; then nothing of it was run.
    """
    untrusted = sorted(names_in(content) - set(_trusted()))
    if untrusted:
        raise ArtifactError(
            f"{source} is a pickle that names what is not trusted: {', '.join(untrusted)}. Nothing "
            "of it was run. Log the model with serialization_format='skops', use an estimator made "
            "of scikit-learn's own parts, or have the lists in "
            "python_scoring/model_import/pickles.py "
            "reviewed."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            return _Restricted(io.BytesIO(content)).load()
    except ArtifactError as error:
        raise ArtifactError(f"{source}: {error}") from error
    except Exception as error:
        raise ArtifactError(
            f"{source} is not a pickle of a scikit-learn estimator: {type(error).__name__}: "
            f"{error}. Log the model again, best with serialization_format='skops'."
        ) from error


def names_in(content: bytes) -> set[str]:
    """Every name that a pickle asks for, as far as it can be read; nothing of it is run."""
    reader = _NameReader(io.BytesIO(content))
    try:
        reader.load()
    except Exception:  # noqa: BLE001 - a malformed pickle is refused by the restricted reader
        return reader.names
    return reader.names


@cache
def _trusted() -> dict[str, Any]:
    """The objects that a pickle may name."""
    trusted = {
        f"{estimator.__module__}.{estimator.__qualname__}": estimator
        for _, estimator in all_estimators()
        if estimator.__module__.startswith("sklearn.")
    }
    for module, names in PARTS.items():
        found = importlib.import_module(module)
        for name in names:
            trusted[f"{module}.{name}"] = getattr(found, name)
            if module in SPELLINGS:
                trusted[f"{SPELLINGS[module]}.{name}"] = getattr(found, name)
    trusted["_codecs.encode"] = _latin1
    trusted["numpy.dtype"] = _plain_type
    for module in ("numpy._core.multiarray", SPELLINGS["numpy._core.multiarray"]):
        trusted[f"{module}.scalar"] = _plain_scalar
    # May stand in an estimator, such as a FunctionTransformer, but is never called here.
    for name in dir(np):
        if isinstance(getattr(np, name), np.ufunc):
            trusted[f"numpy.{name}"] = getattr(np, name)
    return trusted


def _latin1(text: str, encoding: str) -> bytes:
    """How old protocols spell bytes; the real function would take any codec."""
    if encoding != "latin1":
        raise ArtifactError(f"the pickle encodes text as {encoding}; expected latin1")
    return text.encode("latin1")


def _plain_type(name: Any, *_: Any) -> "np.dtype[Any]":
    """A numpy type of its own, whose state may then be set; no record, which could hold objects."""
    if not isinstance(name, str) or not re.fullmatch(r"[<>=|]?[biufcSUVOmM]\d*", name):
        raise ArtifactError(f"the pickle makes the numpy type {name!r}; expected a plain one")
    return np.dtype(name, align=False, copy=True)


def _plain_scalar(kind: Any, content: Any = b"") -> Any:
    """A number or text of numpy; of other types numpy would not look at what it is given."""
    if not isinstance(kind, np.dtype) or kind.kind not in "biufSU":
        raise ArtifactError(f"the pickle makes a numpy scalar of type {kind!r}")
    return importlib.import_module("numpy._core.multiarray").scalar(kind, content)


@cache
def _identities() -> frozenset[int]:
    """The listed objects by identity: a pickle may make others that are equal to one."""
    return frozenset(id(one) for one in _trusted().values())


class _Inert:
    """Stands for whatever a pickle names: takes everything, does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Takes any arguments."""

    def _nothing(self, *_: Any, **__: Any) -> "_Inert":
        return self

    __call__ = __setitem__ = __setstate__ = append = extend = add = _nothing


class _NameReader(_Unpickler):  # type: ignore[misc]
    """Goes through a pickle with inert stand-ins, to learn which names it asks for."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> type[_Inert]:
        """A stand-in; the module is not imported."""
        self.names.add(f"{module}.{name}")
        return _Inert

    def persistent_load(self, pid: Any) -> _Inert:
        """A stand-in for what would lie outside the pickle."""
        self.names.add(f"persistent id {pid!r}")
        return _Inert()


class _Restricted(_Unpickler):  # type: ignore[misc]
    """Builds listed types only, and looks at each call and each state before it happens."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """A listed object; raises ArtifactError for any other."""
        try:
            return _trusted()[f"{module}.{name}"]
        except KeyError:
            raise ArtifactError(f"the pickle names {module}.{name}, which is not trusted") from None

    def _call(self) -> None:
        """Only listed constructors are called: nothing that the pickle made, and no ufunc."""
        function = self.stack[-2]
        if id(function) not in _identities() or isinstance(function, np.ufunc):
            raise ArtifactError(f"the pickle calls {function!r}, which is no listed constructor")
        _Unpickler.load_reduce(self)

    def _build(self) -> None:
        """State goes to instances, not to classes or functions, which all code would share."""
        state, target = self.stack[-1], self.stack[-2]
        if id(target) in _identities() or isinstance(target, type):
            raise ArtifactError(f"the pickle changes {target!r} itself")
        if isinstance(target, np.dtype):
            _check_type_state(target, state)
        _Unpickler.load_build(self)

    def _refuse(self) -> None:
        """Operations that only pickles of Python 2's classes need."""
        raise ArtifactError("the pickle makes instances as Python 2 did; save it with protocol 2")

    dispatch[pickle.REDUCE[0]] = _call
    dispatch[pickle.BUILD[0]] = _build
    dispatch[pickle.OBJ[0]] = dispatch[pickle.INST[0]] = _refuse


def _check_type_state(kind: "np.dtype[Any]", state: Any) -> None:
    """Only what numpy itself would write: of a plain type its byte order, else a record of numbers.

    A forged state would let numpy take bytes for the addresses of objects.
    """
    try:
        order, names, fields = state[1], state[3], state[4]
        honest = kind.__reduce__()[2]
        if fields is not None:
            record = np.dtype(
                {
                    "names": list(names),
                    "formats": [fields[name][0] for name in names],
                    "offsets": [fields[name][1] for name in names],
                    "itemsize": kind.itemsize,
                }
            )
            if not all(fields[name][0].kind in "iufb" for name in names):
                raise ArtifactError("the pickle makes a numpy record of other things than numbers")
            honest = record.__reduce__()[2]
        is_honest = order in ("<", ">", "|", "=") and state == (honest[0], order, *honest[2:])
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        is_honest = False
    if not is_honest:
        raise ArtifactError(f"the pickle forges the numpy type {kind}")
