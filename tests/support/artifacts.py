"""Demo models, and artifacts that tests register."""

import csv
from dataclasses import replace
from pathlib import Path

from python_scoring.models.artifacts import (
    CARD_FILE,
    MODEL_FILE,
    ModelCard,
    RegistryRow,
    sha256,
)
from python_scoring.project import PROJECT


def registered(product: str, folder: Path = PROJECT) -> RegistryRow:
    """Return the registry row of the product's newest demo model."""
    with (folder / "seeds" / "model_registry.csv").open(newline="") as lines:
        [*_, row] = (row for row in csv.DictReader(lines) if row["product"] == product)
    return RegistryRow(**{name: row[name] for name in RegistryRow.__dataclass_fields__})


def rewrite(folder: Path, row: RegistryRow, card: ModelCard, model: bytes) -> RegistryRow:
    """Write an artifact into the project `folder`; returns a registry row with its true digests."""
    target = folder / "artifact"
    target.mkdir(parents=True, exist_ok=True)
    (target / MODEL_FILE).write_bytes(model)
    (target / CARD_FILE).write_text(card.to_json())
    return replace(
        row,
        artifact_path=f"artifact/{MODEL_FILE}",
        artifact_sha256=sha256(model),
        training_config_sha256=sha256(card.to_json().encode()),
    )


def demo_artifact(product: str) -> tuple[RegistryRow, ModelCard, bytes]:
    """Return the committed demo model."""
    row = registered(product)
    file = PROJECT / row.artifact_path
    card_file = file.with_name(CARD_FILE)
    return row, ModelCard.from_json(card_file.read_text(), card_file), file.read_bytes()
