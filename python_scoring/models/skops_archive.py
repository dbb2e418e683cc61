"""Safety check of a skops file, before any object of it is built.

A skops file is a zip archive: `schema.json` describes the objects, other members hold arrays. The
check reads text only, so a malicious file can do no more than be refused.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from python_scoring.errors import ArtifactError

# Unpacked, in bytes: a compressed array of zeros takes a thousand times the memory of its file.
MAX_BYTES = 512 * 2**20
MAX_SCHEMA_BYTES = 16 * 2**20  # of schema.json, which takes up to 25 times the memory once read
MAX_MEMBERS = 10_000
PROTOCOL = 2  # of skops: older ones have loaders that this check does not know

# Types that an artifact may consist of, by module and name. skops has defaults of its own, which
# grow from release to release; this file alone decides. Types that hold indices of trees are
# trusted because python_scoring/models/trees.py checks the indices.
TRUSTED_TYPES = frozenset(
    Path(__file__).with_name("trusted_types.txt").read_text(encoding="utf-8").split()
)

# Extras, whose estimators hold their trees in a format of their own: see models/boosters.py.
BOOSTING_LIBRARIES = ("lightgbm", "xgboost")

_LOSSES = ("_loss.", "sklearn.linear_model._sgd_fast.")  # compiled classes without attributes
_DICTIONARIES = {"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"}
_TREE = "sklearn.tree._tree.Tree"


def _of_numpy(kind: type) -> set[str]:
    """Trusted names of numpy that are instances or subclasses of a type."""
    found = set()
    for name in TRUSTED_TYPES:
        module, _, attribute = name.partition(".")
        value = getattr(np, attribute, None) if module == "numpy" else None
        if isinstance(value, kind) or (isinstance(value, type) and issubclass(value, kind)):
            found.add(name)
    return found


# Why well-known types are not trusted, by the beginning of their names, and what to save instead.
_REFUSED = {
    "sklearn.model_selection._search": (
        "A search is a tool of training: it holds every candidate and the scorers. Save the model "
        "that it chose: skops.io.dump(search.best_estimator_, ...)."
    ),
    "catboost.": (
        "CatBoost keeps its trees in a binary format that only its own code reads, so they cannot "
        "be checked before they are used. Train HistGradientBoosting, LightGBM or XGBoost instead."
    ),
}

# Loaders by which skops may build each type. The file chooses the loader, whatever the type: most
# loaders call the type with arguments of the file, and numpy.ndarray, called with the type object
# and some bytes, makes objects of those bytes, which runs code. Other loaders are refused.
LOADERS: dict[str, set[str]] = {
    "BytearrayNode": {"builtins.bytearray"},  # how xgboost.core.Booster keeps its trees
    "DTypeNode": {"numpy.dtype"},
    "DefaultDictNode": {"collections.defaultdict"},
    "DictNode": _DICTIONARIES,
    "FunctionNode": _of_numpy(np.ufunc),
    "JsonNode": {"builtins.str"},
    "ListNode": {"builtins.list"},
    "LossNode": {name for name in TRUSTED_TYPES if name.startswith(_LOSSES)},
    "NdArrayNode": {"numpy.ndarray"} | _of_numpy(np.generic),
    "ObjectNode": {
        name
        for name in TRUSTED_TYPES - _DICTIONARIES - {_TREE}
        if name.startswith(("sklearn.", *BOOSTING_LIBRARIES)) and not name.startswith(_LOSSES)
    },
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "SetNode": {"builtins.set"},
    "SliceNode": {"builtins.slice"},
    "SparseMatrixNode": {name for name in TRUSTED_TYPES if name.startswith("scipy.sparse.")},
    "TreeNode": {_TREE},
    "TupleNode": {"builtins.tuple"},
    "TypeNode": {name for name in TRUSTED_TYPES if name.startswith("builtins.")}
    - {"builtins.bytearray"}
    | {"collections.OrderedDict"}
    | _of_numpy(np.generic),
}


def read_file(file: Path, name: str, limit: int = MAX_BYTES) -> bytes:
    """Read a file of an imported model; messages call it `name`.

    Raises ArtifactError, before reading, if it has more than `limit` bytes.
    """
    size = file.stat().st_size
    if size > limit:
        raise ArtifactError(
            f"{name} has {size:,} bytes; expected at most {limit:,}. Train a smaller model."
        )
    return file.read_bytes()


def checked_schema(content: bytes, name: str) -> dict[str, Any]:
    """Return the description of the objects in a skops file; messages call the file `name`.

    Raises ArtifactError if it is not a skops file, is larger unpacked than MAX_BYTES, names a type
    that is not in TRUSTED_TYPES, or builds one by a loader that LOADERS does not have for it.
    """
    schema = _schema(content, name)
    types = types_in(schema)
    untrusted = sorted(types - TRUSTED_TYPES)
    if untrusted:
        raise ArtifactError(
            f"{name} holds types that are not trusted: {', '.join(untrusted)}. {_advice(types)}"
        )
    forged = sorted(
        f"{each} by {loader}"
        for each, loader in _builds(schema)
        if each not in LOADERS.get(loader, ())
    )
    if forged:
        raise ArtifactError(
            f"{name} builds objects as skops.io.dump does not: {', '.join(forged)[:300]}. It was "
            "forged, or is damaged. Save the estimator with skops.io.dump."
        )
    return schema


def _advice(types: set[str]) -> str:
    """What to do about a model of these types, not all of which are trusted."""
    for beginning, advice in _REFUSED.items():
        if any(each.startswith(beginning) for each in types):
            return advice
    return (
        "Use an estimator made of trusted types only, or have "
        "python_scoring/models/trusted_types.txt reviewed."
    )


def types_in(schema: dict[str, Any]) -> set[str]:
    """Return every type and function that a description names, as `module.name`."""
    return {name for name, _ in _builds(schema)}


def _builds(schema: dict[str, Any]) -> set[tuple[str, str]]:
    """Return every type and function that a description names, each with its loader."""
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if not part.keys().isdisjoint({"__module__", "__class__", "__loader__"}):
                name = f"{part.get('__module__')}.{part.get('__class__')}"
                found.add((name, str(part.get("__loader__"))))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _schema(content: bytes, name: str) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS or size > MAX_BYTES:
                raise ArtifactError(
                    f"{name} has {len(members):,} members of {size:,} bytes unpacked; expected at "
                    f"most {MAX_MEMBERS:,} of {MAX_BYTES:,}. Train a smaller model."
                )
            described = archive.getinfo("schema.json").file_size
            if described > MAX_SCHEMA_BYTES:
                raise ArtifactError(
                    f"{name} describes its objects in {described:,} bytes; expected at most "
                    f"{MAX_SCHEMA_BYTES:,}. Train a smaller model."
                )
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError) as error:
        raise ArtifactError(
            f"{name} is not a skops file: {error}. Save the estimator with skops.io.dump."
        ) from error
    if not isinstance(schema, dict):
        raise ArtifactError(
            f"{name} is not a skops file: its schema.json describes no object. "
            "Save the estimator with skops.io.dump."
        )
    if schema.get("protocol") != PROTOCOL or isinstance(schema["protocol"], bool):
        raise ArtifactError(
            f"{name} was saved with the protocol {schema.get('protocol')} of skops; expected "
            f"{PROTOCOL}. Save the estimator again, with the version of skops that is installed."
        )
    return schema
