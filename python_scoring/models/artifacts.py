"""Artifacts of pinned models: read after their digest is checked, with trusted types only.

An artifact is `model.skops` (the estimator) and `model.json` (its card). The model registry has the
SHA-256 of both.
"""

import hashlib
import json
import reprlib
import warnings
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from python_scoring.errors import ArtifactError
from python_scoring.models.card_parts import (
    Bins,
    Configuration,
    Distribution,
    Metrics,
    Reference,
    SegmentRules,
    TrainingData,
)
from python_scoring.models.skops_archive import checked_schema, types_in
from python_scoring.models.tree_tables import TreeTables
from python_scoring.project import PROJECT
from python_scoring.uncertainty.bounds_table import BoundsTable

MODEL_FILE = "model.skops"
CARD_FILE = "model.json"
READ_BY_SCORING = (BoundsTable, Reference, Distribution, Bins)


@dataclass(frozen=True)
class ModelCard:
    """Content of model.json: everything known about a model except the model itself.

    `features` are the snapshot columns in the order the estimator takes them, each with its type
    (`number` or `category`). `label_window_closed_at` is when the last label of training and
    calibration was complete: no pin may start earlier, or a backtest would look ahead.
    `calibration` and `bounds` are what python_scoring/uncertainty found on `calibration_as_ofs`,
    which were left out for it in turn; empty, scores are used as they come, and have no bounds.
    `overlaps` says which label windows of a measurement share days with those of the training.
    `segments` are the rules of a model that has rules; one with clusters has `segment_names`.
    """

    product: str
    model_version: str
    training_run_id: str
    score_type: str
    features: list[dict[str, str]]
    feature_version: str
    output_schema_version: str
    training_as_ofs: list[str]
    label_window_closed_at: str
    configuration: Configuration
    libraries: dict[str, str]
    segment_names: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    reference: Reference = field(default_factory=Reference)
    training_data: TrainingData = field(default_factory=TrainingData)
    calibration_as_ofs: list[str] = field(default_factory=list)
    calibration: dict[str, float] = field(default_factory=dict)
    bounds: BoundsTable = field(default_factory=BoundsTable)
    overlaps: list[str] = field(default_factory=list)
    segments: SegmentRules = field(default_factory=SegmentRules)

    def to_json(self) -> str:
        """Return canonical text: equal cards have equal digests."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: Path) -> "ModelCard":
        """Parse a card; raises ArtifactError, naming the file, if the text is not one."""
        try:
            card = cls(**json.loads(text))
        except (TypeError, ValueError, RecursionError) as error:
            raise ArtifactError(
                f"{source} is not a model card: {error}. Register the model again."
            ) from error
        for each in fields(cls):
            value = getattr(card, each.name)
            if not _is_of(value, each.type) or (
                each.name == "features" and any(set(one) != {"name", "type"} for one in value)
            ):
                raise ArtifactError(
                    f"{source} is not a model card: {each.name} is {reprlib.repr(value)}. "
                    "Register the model again."
                )
        return card


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a JSON value has a type, such as `list[dict[str, str]]` or a part of a card.

    Parts may have further keys. Those that scoring reads are checked key by key; the others
    describe, and whoever trained a model may have written more into them.
    """
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin is Any:
        return True
    if origin in (Union, UnionType):
        return any(_is_of(value, part) for part in parts)
    if is_typeddict(origin):
        known = get_type_hints(origin) if origin in READ_BY_SCORING else {}
        return isinstance(value, dict) and all(
            _is_of(part, known[key]) for key, part in value.items() if key in known
        )
    if origin is float:
        return isinstance(value, int | float)
    if not isinstance(value, origin):
        return False
    inner = value.values() if origin is dict else value
    return not parts or all(_is_of(each, parts[-1]) for each in inner)


@dataclass(frozen=True)
class RegistryRow:
    """Columns of seeds/model_registry.csv that scoring needs."""

    product: str
    model_version: str
    artifact_path: str
    artifact_sha256: str
    training_config_sha256: str
    feature_version: str
    output_schema_version: str


@dataclass(frozen=True)
class Model:
    """An estimator that may be used, and its card.

    `as_of` is the instant that rows are scored for: the level of an estimate may follow the season.
    """

    card: ModelCard
    estimator: Any
    artifact_sha256: str
    as_of: datetime | None = None

    @cached_property
    def predictor(self) -> Any:
        """The estimator, or tables that predict the same bits in less time."""
        return TreeTables.of(self.estimator) or self.estimator

    def at(self, as_of: datetime) -> "Model":
        """The same model, to score rows as of that instant."""
        return replace(self, as_of=as_of)


def sha256(content: bytes) -> str:
    """Return the hex digest, as the registry has it."""
    return hashlib.sha256(content).hexdigest()


def load(row: RegistryRow, project: Path | None = None) -> Model:
    """Load the pinned model, after every check that does not need the data.

    Raises ArtifactError for a file outside the project, a missing file, a digest that differs, an
    untrusted type, another version of scikit-learn, or a card that contradicts its registry row.
    """
    model_file = _file(row, project)
    model_bytes = _read_verified(model_file, row, "artifact_sha256")
    card = load_card(row, project)
    return Model(card, parse(model_bytes, card, model_file), row.artifact_sha256)


def load_card(row: RegistryRow, project: Path | None = None) -> ModelCard:
    """Load the card of a registered model.

    Raises ArtifactError if it is missing, lies outside the project, is not the registered one, or
    contradicts its row.
    """
    file = _file(row, project).with_name(CARD_FILE)
    content = _read_verified(file, row, "training_config_sha256")
    card = ModelCard.from_json(content, file)
    _check_card(card, row, file)
    return card


def _file(row: RegistryRow, project: Path | None) -> Path:
    """Return the artifact's path inside the project; a symbolic link out of it is refused."""
    folder = (project or PROJECT).resolve()
    file = folder / row.artifact_path
    for each in (file, file.with_name(CARD_FILE)):
        if not each.resolve().is_relative_to(folder):
            raise ArtifactError(
                f"{row.product} {row.model_version}: artifact_path {row.artifact_path} in "
                f"seeds/model_registry.csv leads to {each.resolve()}, outside {folder}. Expected a "
                "file in python_scoring/artifacts; register the model again."
            )
    return file


def _read_verified(file: Path, row: RegistryRow, column: str) -> bytes:
    name, expected = f"{row.product} {row.model_version}", getattr(row, column)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{name}: {file} cannot be read ({error.strerror}). Restore the file, "
            "or pin another version in seeds/model_pins.csv."
        ) from error
    found = sha256(content)
    if found != expected:
        raise ArtifactError(
            f"{name}: the SHA-256 of {file} is {found}, but {column} in "
            f"seeds/model_registry.csv is {expected}. The file is not the one that was registered: "
            "restore it, or pin another version in seeds/model_pins.csv."
        )
    return content


def _check_card(card: ModelCard, row: RegistryRow, file: Path) -> None:
    for column in ("product", "model_version", "feature_version", "output_schema_version"):
        in_card, in_registry = getattr(card, column), getattr(row, column)
        if in_card != in_registry:
            raise ArtifactError(
                f"{file} says {column} = {in_card}, but seeds/model_registry.csv says "
                f"{in_registry}. Correct the registry row, or register the model again."
            )


def parse(content: bytes, card: ModelCard, file: Path | str, *, is_signed: bool = True) -> Any:
    """Parse the estimator; its features are not compared if the card has none yet.

    Raises ArtifactError, before anything is built, for a wrong version or type.
    """
    import sklearn  # importing skops takes a second, which a build with nothing due does not need
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    from python_scoring.models.boosters import check_versions
    from python_scoring.models.trees import check_trees

    trained_with = card.libraries.get("scikit-learn")
    if trained_with != sklearn.__version__:
        raise ArtifactError(
            f"{card.product} {card.model_version} was trained with scikit-learn {trained_with}, "
            f"but {sklearn.__version__} is installed. Retrain the model, or install that version: "
            "another one may score differently."
        )
    types = types_in(checked_schema(content, str(file)))
    check_versions(types, card.libraries, f"{card.product} {card.model_version}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            estimator = skops.io.loads(content, trusted=sorted(types))
        check_trees(estimator)
    except Exception as error:
        raise ArtifactError(
            f"{file} cannot be loaded: {error}. Register the model again."
        ) from error
    if is_signed:
        check_signature(estimator, card, file)
    return estimator


def check_signature(estimator: Any, card: ModelCard, file: Path | str) -> None:
    """Raise ArtifactError if the estimator was not fitted on exactly the card's features."""
    expected = [feature["name"] for feature in card.features]
    fitted = [str(name) for name in getattr(estimator, "feature_names_in_", [])]
    if fitted == expected:
        return
    if not fitted:
        raise ArtifactError(
            f"{file} does not know the names of its features: fit the estimator on a DataFrame."
        )
    missing, extra = sorted(set(expected) - set(fitted)), sorted(set(fitted) - set(expected))
    raise ArtifactError(
        f"{file} was not fitted on the features of its card: "
        f"missing {missing or 'none'}, extra {extra or 'none'}"
        f"{'' if missing or extra else ', and the order differs'}. Register the model again."
    )
