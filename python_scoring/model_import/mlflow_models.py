"""Models of MLflow's scikit-learn flavour, saved as skops, with the metadata of their run."""

import importlib.util
import json
import os
import re
import reprlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from python_scoring.errors import ArtifactError, InputError
from python_scoring.model_import.imported_model import (
    ImportedModel,
    refusal_of_pickles,
    without_credentials,
)
from python_scoring.models.skops_archive import checked_schema, read_file

NUMBERS = frozenset({"double", "float", "integer", "long"})

# Keys of MLmodel that are read, by path. The author of the file may be unknown.
DESCRIPTION_BYTES = 2**20
EXAMPLE_BYTES = 64 * 2**20
_MAPPINGS = (
    "flavors",
    "flavors.sklearn",
    "flavors.python_function",
    "signature",
    "saved_input_example_info",
)
_TEXTS = (
    "flavors.sklearn.pickled_model",
    "flavors.sklearn.serialization_format",
    "flavors.sklearn.sklearn_version",
    "flavors.python_function.python_version",
    "mlflow_version",
    "model_id",
    "model_uuid",
    "run_id",
    "saved_input_example_info.artifact_path",
    "signature.inputs",
)

# Keys of a run that say how the model was trained, not where, and are not secret.
_PRIVATE = re.compile(r"password|passwd|secret|token|credential|api_?key", re.IGNORECASE)
_LOCAL_PATH = re.compile(r"^(file:|/|~|[A-Za-z]:[\\/])|//[^/@\s]*@")


def fetch(uri: str) -> ImportedModel:
    """Fetch the model at a URI that MLflow resolves, with the metadata of its run.

    Raises InputError if MLflow is not installed or cannot fetch it.
    """
    shown = without_credentials(uri).split("?", 1)[0]
    if importlib.util.find_spec("mlflow") is None:
        raise InputError(
            f"{shown}: models of MLflow need its client: "
            "pip install 'customer-predictions[mlflow]'. Or download the model's folder elsewhere, "
            "and register that."
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: PLC0415 - an extra, and slow to import

    with tempfile.TemporaryDirectory(prefix="mlflow-") as scratch:
        with _errors_of_mlflow(
            f"{shown}: MLflow cannot fetch it",
            "Check the name and version, and MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI.",
        ):
            folder = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch)
        imported = read_folder(Path(folder), {"uri": shown}, shown)
    if imported.run_id is None:
        return imported
    with _errors_of_mlflow(
        f"{shown}: MLflow cannot read its run {imported.run_id}",
        "Where the run is gone, download the model's folder, and register that.",
    ):
        run = mlflow.MlflowClient().get_run(imported.run_id)
    datasets = [one.dataset for one in (run.inputs.dataset_inputs if run.inputs else [])]
    return replace(
        imported,
        parameters=_worth_keeping(run.data.params),
        metrics={name: float(value) for name, value in sorted(run.data.metrics.items())},
        tags=_worth_keeping(
            {
                name: value
                for name, value in run.data.tags.items()
                if not name.startswith("mlflow.") or name == "mlflow.source.git.commit"
            }
        ),
        datasets=[{"name": one.name, "digest": one.digest} for one in datasets],
    )


@contextmanager
def _errors_of_mlflow(failed: str, advice: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - an extra, and slow to import

    try:
        yield
    except ImportError as error:
        # If no server is named, MLflow uses a database on this machine.
        raise InputError(
            f"{failed}: {error}, which MLflow's small client does without. Set MLFLOW_TRACKING_URI "
            "to the server that has the model, or install mlflow for a database of your own."
        ) from error
    except (MlflowException, OSError) as error:
        raise InputError(f"{failed}: {without_credentials(str(error))}. {advice}") from error


def read_folder(folder: Path, source: dict[str, str], name: str | None = None) -> ImportedModel:
    """Read the model in a folder as MLflow saves it.

    Raises ArtifactError for another flavour, another version of scikit-learn, another format than
    skops, or a model with types that are not trusted.
    """
    name = name or str(folder)
    described = _described(folder, name)
    flavour = (described.get("flavors") or {}).get("sklearn")
    if not flavour:
        flavours = ", ".join(sorted(map(str, described.get("flavors") or {}))) or "none"
        raise ArtifactError(
            f"{name} has the flavours {flavours}; expected sklearn. Log the estimator with "
            "mlflow.sklearn.log_model."
        )
    _check_version(flavour, name)
    file = (folder / str(flavour.get("pickled_model"))).resolve()
    if not (file.is_relative_to(folder.resolve()) and file.is_file()):
        raise ArtifactError(
            f"{name}: its MLmodel names the model file {flavour.get('pickled_model')}, which does "
            "not lie in the folder. Log the model again."
        )
    form = flavour.get("serialization_format") or "pickle"
    if form != "skops":
        uri = source.get("uri", name)
        load = f"mlflow.sklearn.load_model({uri!r})"
        raise ArtifactError(refusal_of_pickles(f"{name}: {file.name}", load, "mlflow.sklearn"))
    content = read_file(file, f"{name}: {file.name}")
    checked_schema(content, f"{name}: {file.name}")
    python = (described["flavors"].get("python_function") or {}).get("python_version")
    return ImportedModel(
        name=name,
        content=content,
        scikit_learn=str(flavour["sklearn_version"]),
        source={
            "kind": "mlflow",
            **source,
            "run_id": described.get("run_id"),
            "model_id": described.get("model_id") or described.get("model_uuid"),
            "mlflow_version": described.get("mlflow_version"),
            "serialization_format": form,
            "signature": "checked" if described.get("signature") else "none",
        },
        example=_example(folder, described, name),
        signature=_signature(described, name),
        run_id=described.get("run_id"),
        python=python,
    )


def _described(folder: Path, name: str) -> dict[str, Any]:
    file = folder / "MLmodel"
    try:
        described = yaml.safe_load(read_file(file, f"{name}: MLmodel", DESCRIPTION_BYTES).decode())
    except OSError as error:
        raise InputError(
            f"{name} holds no readable file MLmodel ({error.strerror}); expected a folder as "
            "mlflow.sklearn.save_model writes it"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(
            f"{name}: its MLmodel is not YAML: {error}. Log the model again."
        ) from error
    if not isinstance(described, dict):
        raise ArtifactError(f"{name}: its MLmodel does not describe a model. Log it again.")
    for paths, kind, expected in ((_MAPPINGS, dict, "a mapping"), (_TEXTS, str, "a text")):
        for path in paths:
            value: Any = described
            for key in path.split("."):
                value = (value or {}).get(key)
            if not (value is None or isinstance(value, kind)) or "\0" in (value or ""):
                raise ArtifactError(
                    f"{name}: its MLmodel has {reprlib.repr(value)} as {path}; "
                    f"expected {expected}. Log the model again."
                )
    return described


def _check_version(flavour: dict[str, Any], name: str) -> None:
    import sklearn  # noqa: PLC0415 - the name is also MLflow's for the flavour

    found = flavour.get("sklearn_version")
    if found != sklearn.__version__:
        raise ArtifactError(
            f"{name} was trained with scikit-learn {found}, but {sklearn.__version__} is "
            "installed. Train it again with that version: another one may score differently."
        )


def _signature(described: dict[str, Any], name: str) -> list[dict[str, str]] | None:
    """Return the inputs by name and type; None if the model was logged without a signature."""
    inputs = (described.get("signature") or {}).get("inputs")
    if not inputs:
        return None
    try:
        columns = json.loads(inputs)
        unnamed = [each for each in columns if "name" not in each or each["type"] == "tensor"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactError(
            f"{name}: its signature cannot be read: {error!r}. Infer it from the DataFrame that "
            "the estimator was fitted on."
        ) from error
    if unnamed:
        raise ArtifactError(
            f"{name}: its signature has inputs without a name; expected the columns of a "
            "DataFrame. Infer the signature from the DataFrame that the estimator was fitted on."
        )
    return [{"name": column["name"], "type": _kind(column, name)} for column in columns]


def _kind(column: dict[str, Any], name: str) -> str:
    if column["type"] in NUMBERS:
        return "number"
    if column["type"] == "string":
        return "category"
    raise ArtifactError(
        f"{name}: its signature has {column['name']} of type {column['type']}; features are "
        "numbers (double, float, long, integer) or categories (string)"
    )


def _example(folder: Path, described: dict[str, Any], name: str) -> pd.DataFrame | None:
    """Return the input example if one was logged as a DataFrame, else None."""
    saved = described.get("saved_input_example_info") or {}
    if saved.get("type") != "dataframe" or saved.get("pandas_orient") != "split":
        return None
    file = (folder / str(saved.get("artifact_path"))).resolve()
    if not (file.is_relative_to(folder.resolve()) and file.is_file()):
        return None
    try:
        example = json.loads(read_file(file, f"{name}: {file.name}", EXAMPLE_BYTES))
        return pd.DataFrame(example["data"], columns=example["columns"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{name}: {file.name} is no input example: {error}") from error


def _worth_keeping(texts: dict[str, str]) -> dict[str, str]:
    return {
        name: text
        for name, text in sorted(texts.items())
        if not _PRIVATE.search(name) and not _LOCAL_PATH.search(str(text))
    }
