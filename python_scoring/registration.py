"""Models trained elsewhere: checked like a pinned artifact before they enter the registry."""

from datetime import datetime
from pathlib import Path
from typing import Any

from python_scoring.artifacts import CARD_FILE, ModelCard, parse
from python_scoring.dbt_project import feature_types, model_meta, parsed_manifest
from python_scoring.errors import ArtifactError, InputError
from python_scoring.instants import utc_now
from python_scoring.registry import Registry


def register(
    product: str,
    model_file: Path,
    card_file: Path | None,
    registry: Registry,
    pin_from: datetime | None,
    pinned_by: str,
    reason: str,
) -> tuple[ModelCard, Path]:
    """Check the artifact against the project and register it; returns its card and folder.

    Raises ArtifactError or InputError, and then nothing was written.
    """
    card_file = card_file or model_file.with_name(CARD_FILE)
    if not card_file.exists():
        raise InputError(
            f"{card_file} does not exist: a model needs its card. "
            "CONTRIBUTING.md says what it holds."
        )
    card = ModelCard.from_json(card_file.read_text(), card_file)
    if card.product != product:
        raise InputError(f"{card_file} is a card of {card.product}, not of {product}")
    registry.check_new(product, card.model_version)
    _check_against_project(card, parsed_manifest(), card_file)
    content = model_file.read_bytes()
    parse(content, card, model_file)
    if pin_from:
        registry.check_pin(product, pin_from, datetime.fromisoformat(card.label_window_closed_at))
    folder = registry.add(content, card, utc_now())
    if pin_from:
        registry.pin(card, pin_from, pinned_by, reason)
    return card, folder


def _check_against_project(card: ModelCard, manifest: dict[str, Any], file: Path) -> None:
    """The card must fit the feature catalogue and the product's contract."""
    version = model_meta(manifest, "feature_snapshots", "feature_version")
    if card.feature_version != version:
        raise ArtifactError(
            f"{file}: feature_version {card.feature_version}, but the project computes {version}. "
            "Train on snapshots of the present version."
        )
    contract = model_meta(manifest, f"{card.product}_predictions", "prediction")
    if card.score_type != contract["score_type"]:
        raise ArtifactError(
            f"{file}: score_type {card.score_type}, but the contract of {card.product} says "
            f"{contract['score_type']}"
        )
    catalogue = feature_types(manifest)
    unknown = [f["name"] for f in card.features if catalogue.get(f["name"]) != f["type"]]
    if unknown:
        raise ArtifactError(
            f"{file}: {', '.join(unknown)} are not features of that type in the feature catalogue "
            "(models/features/_features__models.yml)"
        )
