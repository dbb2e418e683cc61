"""Sources of imported models: skops files, MLflow folders and URIs."""

import json
import re
from pathlib import Path
from typing import Any

import sklearn

from python_scoring.errors import ArtifactError, InputError
from python_scoring.model_import import mlflow_models
from python_scoring.model_import.imported_model import ImportedModel, refusal_of_pickles
from python_scoring.models.boosters import libraries_of
from python_scoring.models.skops_archive import checked_schema, read_file, types_in

ZIP = b"PK"  # first bytes of a skops file; other formats of estimators can run code when read
_URI = re.compile(r"[a-z][a-z0-9+.-]*:/", re.IGNORECASE)


def bring(source: str) -> ImportedModel:
    """Read the model at a path or URI: a skops file, a folder with an MLmodel, or a URI of MLflow.

    Raises InputError if there is none, ArtifactError if it cannot be trusted or read.
    """
    path = Path(source.removeprefix("file://"))
    if path.is_dir():
        return mlflow_models.read_folder(path, {"uri": path.name})
    if path.is_file():
        return _skops_file(path)
    if _URI.match(source) and not source.startswith("file:"):
        return mlflow_models.fetch(source)
    raise InputError(
        f"{source} does not exist. Expected a skops file, a folder with a file MLmodel, or an URI "
        "that MLflow knows, such as models:/risk/3 or runs:/<run id>/model."
    )


def scikit_learn_version(content: bytes, name: str) -> str:
    """Return the version of scikit-learn that an estimator was fitted with, as a skops file states.

    Raises ArtifactError if the file is not skops, holds types that are not trusted, or states no
    version or more than one.
    """
    schema = checked_schema(content, name)
    extras = libraries_of(types_in(schema))
    try:
        versions = {str(json.loads(text)) for text in _contents(schema, "_sklearn_version")}
    except ValueError as error:
        raise ArtifactError(
            f"{name} has a version of scikit-learn that cannot be read: {error}. "
            "Save a fitted estimator of scikit-learn with skops.io.dump."
        ) from error
    if extras and not versions:
        return str(sklearn.__version__)
    if len(versions) != 1:
        raise ArtifactError(
            f"{name} says that it was fitted with scikit-learn "
            f"{' and '.join(sorted(versions)) or 'of no version'}; expected one version. "
            "Save a fitted estimator of scikit-learn with skops.io.dump."
        )
    return versions.pop()


def _contents(schema: Any, key: str) -> list[str]:
    """Return the JSON texts stored under a key anywhere in skops' description of an object."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            value = part.get(key)
            if isinstance(value, dict) and isinstance(value.get("content"), str):
                found.append(value["content"])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _skops_file(path: Path) -> ImportedModel:
    content = read_file(path, str(path))
    if not content.startswith(ZIP):
        raise ArtifactError(refusal_of_pickles(str(path), f"joblib.load({path.name!r})", "joblib"))
    return ImportedModel(
        name=str(path),
        content=content,
        scikit_learn=scikit_learn_version(content, str(path)),
        source={"kind": "skops", "file": path.name},
    )
