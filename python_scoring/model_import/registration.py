"""Registration of imported models, after the checks that a pinned artifact has to pass."""

import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from python_scoring.clock import utc_now
from python_scoring.contracts.validation import contract_of
from python_scoring.errors import ArtifactError, InputError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.model_import.metadata import DeclaredMetadata, card_for
from python_scoring.model_import.source import bring
from python_scoring.model_import.trial import try_out
from python_scoring.model_import.trial_rows import trial_rows
from python_scoring.models.artifacts import CARD_FILE, Model, ModelCard, parse, sha256
from python_scoring.models.card import write_model_card
from python_scoring.models.card_parts import Configuration, Metrics, TrainingData  # noqa: TC001 - of annotations
from python_scoring.models.registry import Registry, check_pin_texts, check_texts
from python_scoring.models.segment_rules import is_rules
from python_scoring.models.skops_archive import read_file
from python_scoring.project import Manifest, feature_types, model_meta, parsed_manifest
from python_scoring.training import estimators, evaluation
from python_scoring.training.as_ofs import overlaps_of, refuse_overlaps
from python_scoring.training.data import frame_digest, prepare


@dataclass(frozen=True)
class Registration:
    """Request to register a model, with its declared metadata.

    `source` is a skops file, a folder with an MLmodel, or a URI that MLflow resolves. `card_file`
    is by default the model.json next to a skops file; without one the card is made from `known`.
    """

    product: str
    source: str
    card_file: Path | None = None
    known: DeclaredMetadata = field(default_factory=DeclaredMetadata)
    evaluate_on: datetime | None = None
    allow_overlap: bool = False
    pin_from: datetime | None = None
    pinned_by: str = "registration"
    reason: str = "registered artifact"


def register(wanted: Registration, registry: Registry) -> tuple[ModelCard, Path]:
    """Check the model against the project and register it; return its card and folder.

    Raises ArtifactError or InputError before anything is written.
    """
    check_pin_texts(wanted.pinned_by, wanted.reason)
    imported = bring(wanted.source)
    # Parsing the project takes up to a minute: what is wrong without it is reported before.
    card_file = _card_file(wanted)
    read = _read_card(card_file, wanted) if card_file else None
    if read is None:
        wanted.known.require(imported)
    registry.check_new(
        wanted.product, read.model_version if read else str(wanted.known.model_version)
    )
    manifest = parsed_manifest()
    if card_file and read:
        card = read
        _check_against_project(card, manifest, str(card_file))
        contract = contract_of(manifest, card.product)
        rows = trial_rows(manifest, contract, imported.example)
        try_out(imported, card, feature_types(manifest), rows)
    else:
        card = _new_card(wanted, imported, manifest)
    model = Model(card, parse(imported.content, card, imported.name), sha256(imported.content))
    if wanted.pin_from:
        closed_at = datetime.fromisoformat(card.label_window_closed_at)
        registry.check_pin(card.product, wanted.pin_from, closed_at)
    if wanted.evaluate_on:
        card = _evaluated(model, wanted, wanted.evaluate_on, manifest)
    _check_segments(card, model.estimator, imported.name)
    folder = registry.add(imported.content, card, utc_now())
    write_model_card(registry, card.product, card.model_version, manifest)
    if wanted.pin_from:
        registry.pin(card, wanted.pin_from, wanted.pinned_by, wanted.reason)
    return card, folder


def _card_file(wanted: Registration) -> Path | None:
    """Return the file of an existing card; None if the card has to be made."""
    if wanted.card_file:
        return wanted.card_file
    beside = Path(wanted.source).with_name(CARD_FILE)
    return beside if Path(wanted.source).is_file() and beside.exists() else None


def _read_card(file: Path, wanted: Registration) -> ModelCard:
    if wanted.known != DeclaredMetadata():
        raise InputError(
            f"{file} says what the options --model-version, --training-as-of, --feature-version "
            "and --segment-name say too: leave them out, or move the file away"
        )
    card = ModelCard.from_json(read_file(file, str(file)), file)
    check_texts(card)
    if card.product != wanted.product:
        raise InputError(f"{file} is a card of {card.product}, not of {wanted.product}")
    return card


def _new_card(wanted: Registration, imported: ImportedModel, manifest: Manifest) -> ModelCard:
    """Make the card of a model that has none."""
    contract = contract_of(manifest, wanted.product)
    version = str(model_meta(manifest, "feature_snapshots", "feature_version"))
    draft = card_for(wanted.product, imported, wanted.known, [], contract, version)
    _check_against_project(draft, manifest, imported.name)
    # The model names its features, and nothing reads it before the trial.
    rows = trial_rows(manifest, contract, imported.example)
    tried = try_out(imported, draft, feature_types(manifest), rows)
    configuration: Configuration = {"estimator": tried.kind, **draft.configuration}
    return replace(draft, features=tried.features, configuration=configuration)


def _evaluated(
    model: Model, wanted: Registration, evaluate_on: datetime, manifest: Manifest
) -> ModelCard:
    """Return the card with metrics on a later as-of and distributions of the training as-ofs.

    Raises InputError if the declared digest is not that of the rows at the training as-ofs.
    """
    card = model.card
    as_ofs = [datetime.fromisoformat(as_of) for as_of in card.training_as_ofs]
    contract = contract_of(manifest, card.product)
    learns_outcomes = contract.score_type != "segment"
    embargo = timedelta(days=contract.horizon_days if learns_outcomes else 0)
    overlaps = overlaps_of("--evaluate-on", [evaluate_on], as_ofs, embargo)
    refuse_overlaps(overlaps, allowed=wanted.allow_overlap)
    model = replace(model, card=replace(card, overlaps=overlaps))
    card = model.card
    catalogue = [{"name": name, "type": kind} for name, kind in feature_types(manifest).items()]
    of_recipe = list(model_meta(manifest, f"training_{card.product}", "training")["features"])
    with tempfile.TemporaryDirectory(prefix="evaluation-") as scratch:
        days = [*as_ofs, evaluate_on]
        prepared = prepare(card.product, days, manifest, contract, Path(scratch), catalogue)
    frame = prepared.frame
    learned = frame[frame["as_of"].isin(as_ofs)].reset_index(drop=True)
    judged = frame[frame["as_of"] == evaluate_on].reset_index(drop=True)
    if learned.empty:
        raise InputError(
            f"no eligible {card.product} customer at {', '.join(map(str, as_ofs))}: the raw data "
            "in RAW_DATA start later. Leave --evaluate-on out, or point RAW_DATA at older data."
        )
    if declared := wanted.known.training_data_digest:
        _check_digest(declared, learned, of_recipe)
    if not card.segment_names:
        names = estimators.segment_names(model.estimator, learned, contract)
        model = replace(model, card=replace(card, segment_names=names))
    judged_or_none = judged if prepared.has_labels(evaluate_on) else None
    evaluated = evaluation.complete_card(model, learned, judged_or_none, evaluate_on, contract)
    metrics: Metrics = {**evaluated.metrics}
    if "reported" in card.metrics:
        metrics["reported"] = card.metrics["reported"]
    training_data: TrainingData = {**card.training_data, "rows": len(learned)}
    return replace(evaluated, metrics=metrics, training_data=training_data)


def _check_digest(declared: str, learned: pd.DataFrame, of_recipe: list[str]) -> None:
    """Raise InputError unless the digest is one that `training-data` prints for these rows.

    `learned` has as_of, customer_id, label and all features of the catalogue.
    """
    rows = learned[["as_of", "customer_id", "label", *of_recipe]]
    found = {"": frame_digest(rows), " with --all-features": frame_digest(learned)}
    if declared not in found.values():
        digests = " and ".join(f"{digest}{how}" for how, digest in found.items())
        as_ofs = ", ".join(str(as_of) for as_of in learned["as_of"].drop_duplicates())
        raise InputError(
            f"--training-data-digest {declared}: `customer-predictions training-data` prints "
            f"{digests} for the as-ofs {as_ofs}. Either the model has learned from other rows, or "
            "the raw data have changed since: export them again and train on that file, name its "
            "as-ofs with --training-as-of, or leave the digest out."
        )


def _check_segments(card: ModelCard, estimator: Any, name: str) -> None:
    """Raise InputError if clusters of a model of segments have no names."""
    if card.score_type != "segment" or is_rules(estimator):
        return
    clusters = len(getattr(estimator[-1], "cluster_centers_", []))
    if clusters != len(card.segment_names):
        raise InputError(
            f"{name} has {clusters} clusters and {len(card.segment_names)} names for them: name "
            "them with --segment-name, once for each in the order of their numbers, or let "
            "--evaluate-on rank them"
        )


def _check_against_project(card: ModelCard, manifest: Manifest, source: str) -> None:
    """Raise ArtifactError if the card contradicts the feature catalogue or the contract."""
    version = model_meta(manifest, "feature_snapshots", "feature_version")
    if card.feature_version != version:
        raise ArtifactError(
            f"{source}: feature_version {card.feature_version}, but the project computes {version}."
            " Train on snapshots of the present version."
        )
    contract = contract_of(manifest, card.product)
    if card.score_type != contract.score_type:
        raise ArtifactError(
            f"{source}: score_type {card.score_type}, but the contract of {card.product} says "
            f"{contract.score_type}"
        )
    catalogue = feature_types(manifest)
    unknown = [f["name"] for f in card.features if catalogue.get(f["name"]) != f["type"]]
    if unknown:
        raise ArtifactError(
            f"{source}: {', '.join(unknown)} are not features of that type in the feature catalogue"
            " (models/features/_features__models.yml)"
        )
