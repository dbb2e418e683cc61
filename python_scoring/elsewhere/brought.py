"""What is brought in, whatever it came as: the model as skops, and what its source knows of it."""

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from python_scoring.errors import ArtifactError, InputError

_URI = re.compile(r"[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True)
class Brought:
    """A model from elsewhere.

    `name` is how messages call it. `source` says where it is from, for the card: never a
    credential, nor a path of this machine. `original` is the estimator as it was before it became
    skops, None where it was skops already. `signature` has name and type (`number` or `category`)
    of each input, None where the source has none.
    """

    name: str
    content: bytes
    scikit_learn: str
    source: dict[str, Any]
    original: Any = None
    example: pd.DataFrame | None = None
    signature: list[dict[str, str]] | None = None
    run_id: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[dict[str, str]] = field(default_factory=list)
    python: str | None = None


def bring(source: str) -> Brought:
    """The model at a path or URI: a skops file, a folder with an MLmodel, or an URI of MLflow.

    Raises InputError where there is none, ArtifactError where it cannot be trusted or read.
    """
    from python_scoring.elsewhere import mlflow_models  # noqa: PLC0415 - it imports this module

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


def without_credentials(text: str) -> str:
    """An address, or words that quote one, as it may be kept and printed."""
    return _CREDENTIALS.sub("//", text)


def scikit_learn_version(content: bytes, name: str) -> str:
    """The version of scikit-learn that an estimator was fitted with, as a skops file says.

    Raises ArtifactError where the file says none, or more than one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ArtifactError(
            f"{name} is not a skops file: {error}. Save the estimator with skops.io.dump."
        ) from error
    versions = {json.loads(version) for version in _contents(schema, "_sklearn_version")}
    if len(versions) != 1:
        raise ArtifactError(
            f"{name} says that it was fitted with scikit-learn "
            f"{' and '.join(sorted(versions)) or 'of no version'}; expected one version. "
            "Save a fitted estimator of scikit-learn with skops.io.dump."
        )
    return str(versions.pop())


def _contents(schema: Any, key: str) -> list[str]:
    """The JSON texts stored under a key anywhere in skops' description of an object."""
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


def _skops_file(path: Path) -> Brought:
    content = path.read_bytes()
    return Brought(
        name=str(path),
        content=content,
        scikit_learn=scikit_learn_version(content, str(path)),
        source={"kind": "skops", "file": path.name},
    )
