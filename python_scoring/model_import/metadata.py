"""Card of an imported model without one: from its estimator, its source and declared metadata."""

import difflib
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import skops

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import ArtifactError, InputError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.models.artifacts import ModelCard, sha256
from python_scoring.models.boosters import libraries_of
from python_scoring.models.card_parts import Configuration, Metrics, TrainingData
from python_scoring.models.skops_archive import checked_schema, types_in

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class DeclaredMetadata:
    """Metadata that the person who registers a model declares; None or empty if not declared."""

    model_version: str | None = None
    training_as_ofs: tuple[datetime, ...] = ()
    feature_version: str | None = None
    segment_names: tuple[str, ...] = ()
    training_data_digest: str | None = None

    def require(self, imported: ImportedModel) -> None:
        """Raise InputError, naming the options to add, if required metadata are missing."""
        digest = self.training_data_digest
        if digest is not None and not _SHA256.fullmatch(digest):
            raise InputError(
                f"--training-data-digest {digest}: expected the SHA-256 that `customer-predictions "
                "training-data` printed, 64 hexadecimal digits"
            )
        missing = [
            option
            for option, value in (
                ("--model-version", self.model_version),
                ("--training-as-of", self.training_as_ofs),
            )
            if not value
        ]
        if missing:
            raise InputError(
                f"{imported.name} has no model card, and cannot know {' and '.join(missing)}: add "
                "the version it shall have here, MAJOR.MINOR.PATCH, and each as-of whose customers "
                "it was trained on"
            )


def features_of(
    estimator: Any, imported: ImportedModel, catalogue: dict[str, str]
) -> list[dict[str, str]]:
    """Return the features of an estimator in its order, with the catalogue's types.

    Raises ArtifactError if the estimator does not know them, if one is not in the catalogue, or if
    they differ from the source's signature.
    """
    names = [str(name) for name in getattr(estimator, "feature_names_in_", [])]
    if not names:
        raise ArtifactError(
            f"{imported.name} does not know the names of its features: fit the estimator on a "
            "DataFrame with the features of lake.features.feature_catalogue."
        )
    unknown = [_with_hint(name, catalogue) for name in names if name not in catalogue]
    if unknown:
        raise ArtifactError(
            f"{imported.name} was fitted on {', '.join(unknown)}, which the feature catalogue "
            "(models/features/_features__models.yml) does not have. Train it on its features."
        )
    features = [{"name": name, "type": catalogue[name]} for name in names]
    if imported.signature is not None:
        _check_signature(features, imported.signature, imported.name)
    return features


def card_for(
    product: str,
    imported: ImportedModel,
    known: DeclaredMetadata,
    features: list[dict[str, str]],
    contract: ScoringContract,
    feature_version: str,
) -> ModelCard:
    """Return the card, still without this project's metrics and reference distributions."""
    known.require(imported)
    as_ofs = sorted(set(known.training_as_ofs))
    training_as_ofs = [as_of.isoformat() for as_of in as_ofs]
    closed_at = as_ofs[-1] + timedelta(days=contract.horizon_days)
    identity = [product, known.model_version, sha256(imported.content), training_as_ofs]
    training_run_id = hashlib.md5(json.dumps(identity).encode(), usedforsecurity=False).hexdigest()
    configuration: Configuration = {"source": imported.source}
    if imported.parameters:
        configuration["parameters"] = imported.parameters
    if imported.tags:
        configuration["tags"] = imported.tags
    metrics: Metrics = {"not_evaluated": "registered without --evaluate-on"}
    if imported.metrics:
        metrics["reported"] = imported.metrics
    libraries = {
        "scikit-learn": imported.scikit_learn,
        "numpy": np.__version__,
        "skops": skops.__version__,
        **libraries_of(types_in(checked_schema(imported.content, imported.name))),
    }
    return ModelCard(
        product=product,
        model_version=str(known.model_version),
        training_run_id=imported.run_id or training_run_id,
        score_type=contract.score_type,
        features=features,
        feature_version=known.feature_version or feature_version,
        output_schema_version=contract.output_schema_version,
        training_as_ofs=training_as_ofs,
        label_window_closed_at=closed_at.isoformat(),
        configuration=configuration,
        libraries=libraries | ({"python": str(imported.python)} if imported.python else {}),
        segment_names=list(known.segment_names),
        metrics=metrics,
        training_data=_training_data(known, imported),
    )


def _training_data(known: DeclaredMetadata, imported: ImportedModel) -> TrainingData:
    """Known facts of the rows that the model was trained on."""
    found: TrainingData = {}
    if imported.datasets:
        found["datasets"] = imported.datasets
    if known.training_data_digest:
        found["digest"] = known.training_data_digest
    return found


def _check_signature(
    features: list[dict[str, str]], signature: list[dict[str, str]], name: str
) -> None:
    if features == signature:
        return
    expected = {one["name"]: one["type"] for one in features}
    signed = {one["name"]: one["type"] for one in signature}
    missing, extra = sorted(set(expected) - set(signed)), sorted(set(signed) - set(expected))
    other = [
        f"{one} is a {signed[one]} instead of a {kind}"
        for one, kind in expected.items()
        if signed.get(one, kind) != kind
    ]
    raise ArtifactError(
        f"{name}: its signature is not that of the estimator and the feature catalogue: "
        f"missing {missing or 'none'}, extra {extra or 'none'}"
        + "".join(f", {one}" for one in other)
        + ("" if missing or extra or other else ", and the order differs")
        + ". Infer the signature from the DataFrame that the estimator was fitted on."
    )


def _with_hint(name: str, catalogue: dict[str, str]) -> str:
    close = difflib.get_close_matches(name, catalogue, 1)
    return f"{name} (did you mean {close[0]}?)" if close else name
