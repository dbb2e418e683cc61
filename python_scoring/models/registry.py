"""Seeds model_registry and model_pins: reviewed tables that are read, checked and appended to."""

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from python_scoring.errors import ArgumentError, ArtifactError, InputError, TrainingError
from python_scoring.models import artifacts
from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, ModelCard, RegistryRow
from python_scoring.project import PROJECT

VERSION = re.compile(r"\d+\.\d+\.\d+")

# Columns of a registry row that come from a card, whose author may be unknown.
_PATTERNS = {
    "product": re.compile(r"[a-z][a-z0-9_]{0,62}"),
    "training_run_id": re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}"),
    "feature_version": VERSION,
    "output_schema_version": re.compile(r"\d+\.\d+"),
}
_FORMULA = ("=", "+", "-", "@")  # first characters of a cell that a spreadsheet would compute


@dataclass(frozen=True)
class Registry:
    """Seeds and artifacts of one project folder."""

    project: Path = PROJECT

    @property
    def models_file(self) -> Path:
        """Seed with one row per product and model version."""
        return self.project / "seeds" / "model_registry.csv"

    @property
    def pins_file(self) -> Path:
        """Seed with one row per product and start of a pin."""
        return self.project / "seeds" / "model_pins.csv"

    def pinned(self) -> list[tuple[str, str]]:
        """Return every product and version that a pin names, for a champion or a challenger."""
        files = (self.pins_file, self.project / "seeds" / "challenger_pins.csv")
        rows = [row for file in files for row in _rows(file)]
        return sorted({(row["product"], row["model_version"]) for row in rows})

    def artifact_folder(self, product: str, model_version: str) -> Path:
        """Return the folder of the model's two files."""
        return self.project / "python_scoring" / "artifacts" / product / model_version

    def row(self, product: str, model_version: str) -> dict[str, str] | None:
        """Return the registered model as the seed has it; None if it is not registered."""
        for row in _rows(self.models_file):
            if (row["product"], row["model_version"]) == (product, model_version):
                return row
        return None

    def find(self, product: str, model_version: str) -> RegistryRow:
        """Return the registered model; raises ArtifactError if there is none."""
        if row := self.row(product, model_version):
            return RegistryRow(*(row[column] for column in RegistryRow.__dataclass_fields__))
        registered = [
            row["model_version"] for row in _rows(self.models_file) if row["product"] == product
        ]
        raise ArtifactError(
            f"{self.models_file} has no row of {product} {model_version}; it has "
            f"{', '.join(registered) or 'none of this product'}. Name one of them; or restore the "
            "row: a registered version stays, also when it is no longer pinned."
        )

    def check_new(self, product: str, model_version: str) -> None:
        """Raise ArgumentError for a malformed version, InputError for one that is taken.

        A registered version never changes.
        """
        if not VERSION.fullmatch(model_version):
            raise ArgumentError(
                f"--model-version {model_version}: expected MAJOR.MINOR.PATCH, for example 1.2.0"
            )
        if self.row(product, model_version):
            raise InputError(
                f"{self.models_file} has {product} {model_version} already. "
                "A registered version never changes: choose a higher one."
            )

    def next_version(self, product: str) -> str:
        """Return the version after the product's highest: the next minor one, or 1.0.0."""
        versions = [
            tuple(map(int, row["model_version"].split(".")))
            for row in _rows(self.models_file)
            if row["product"] == product and VERSION.fullmatch(row["model_version"])
        ]
        if not versions:
            return "1.0.0"
        major, minor, _ = max(versions)
        return f"{major}.{minor + 1}.0"

    def later_pins(self, product: str, pinned_from: datetime) -> list[tuple[datetime, str]]:
        """Return start and version of the pins that end one from `pinned_from`, in order."""
        pins = [
            (datetime.fromisoformat(row["pinned_from"]), row["model_version"])
            for row in _rows(self.pins_file)
            if row["product"] == product
        ]
        return sorted(pin for pin in pins if pin[0] > pinned_from)

    def add(self, model: bytes, card: ModelCard, trained_at: datetime) -> Path:
        """Write the artifact and append its registry row; returns the artifact's folder."""
        check_texts(card)
        self.check_new(card.product, card.model_version)
        folder = self.artifact_folder(card.product, card.model_version)
        folder.mkdir(parents=True, exist_ok=True)
        card_bytes = card.to_json().encode()
        (folder / MODEL_FILE).write_bytes(model)
        (folder / CARD_FILE).write_bytes(card_bytes)
        _append(
            self.models_file,
            {
                "product": card.product,
                "model_version": card.model_version,
                "artifact_path": (folder / MODEL_FILE).relative_to(self.project).as_posix(),
                "artifact_sha256": artifacts.sha256(model),
                "training_run_id": card.training_run_id,
                "training_config_sha256": artifacts.sha256(card_bytes),
                "training_as_of": " ".join(card.training_as_ofs),
                "feature_version": card.feature_version,
                "output_schema_version": card.output_schema_version,
                "trained_at": trained_at.isoformat(sep=" ", timespec="seconds"),
            },
        )
        return folder

    def check_pin(self, product: str, pinned_from: datetime, closed_at: datetime) -> None:
        """Raise TrainingError or InputError if the pin would look ahead, or another starts then."""
        if pinned_from < closed_at:
            raise TrainingError(
                f"--pin-from {pinned_from}: the last label window of training and calibration "
                f"closes at {closed_at}, so a run between the two would be scored by a model that "
                f"has seen its outcome. Pin from {closed_at} on, or use earlier as-ofs."
            )
        for row in _rows(self.pins_file):
            if (
                row["product"] == product
                and datetime.fromisoformat(row["pinned_from"]) == pinned_from
            ):
                raise InputError(
                    f"{self.pins_file} has a pin of {product} from {pinned_from} already "
                    f"({row['model_version']}). Choose another start, or edit that row."
                )

    def pin(self, card: ModelCard, pinned_from: datetime, pinned_by: str, reason: str) -> None:
        """Append a pin; the product's next later pin ends it."""
        self.check_pin(
            card.product, pinned_from, datetime.fromisoformat(card.label_window_closed_at)
        )
        check_pin_texts(pinned_by, reason)
        _append(
            self.pins_file,
            {
                "product": card.product,
                "model_version": card.model_version,
                "pinned_from": pinned_from.isoformat(sep=" "),
                "pinned_by": pinned_by,
                "reason": reason,
            },
        )


def check_pin_texts(pinned_by: str, reason: str) -> None:
    """Raise ArgumentError for a text that is blank, or that the seed of pins cannot hold."""
    for option, text in (("--pinned-by or --by", pinned_by), ("--reason", reason)):
        if not text.strip():
            raise ArgumentError(f"{option} is blank: expected who pins the model, and why")
        if text.startswith(_FORMULA) or not text.isprintable():
            raise ArgumentError(
                f"{option} {text!r}: expected one line of text that does not begin with "
                f"{' '.join(_FORMULA)}, which spreadsheets take for a formula"
            )


def check_texts(card: ModelCard) -> None:
    """Raise ArtifactError if the registry cannot hold a text of the card as it is."""
    for column, pattern in _PATTERNS.items():
        text = getattr(card, column)
        if not (isinstance(text, str) and pattern.fullmatch(text)):
            raise ArtifactError(
                f"the card of {card.product!r}: {column} is {text!r}; expected {pattern.pattern}. "
                "Correct it where the model was trained, and register it again."
            )
    as_ofs = [*card.training_as_ofs, card.label_window_closed_at]
    try:
        [datetime.fromisoformat(as_of) for as_of in as_ofs]
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"the card of {card.product}: one of the as-ofs {as_ofs} is not an ISO instant, such "
            "as "
            "2026-03-01T00:00:00. Correct it, and register the model again."
        ) from error


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _append(file: Path, row: dict[str, str]) -> None:
    with file.open(newline="") as lines:
        columns = next(csv.reader(lines))
    if set(columns) != set(row):
        raise InputError(
            f"{file}: expected the columns {', '.join(row)}, found {', '.join(columns)}"
        )
    ends_with_newline = file.read_bytes().endswith(b"\n")
    with file.open("a", newline="") as lines:
        if not ends_with_newline:
            lines.write("\n")
        csv.DictWriter(lines, columns, lineterminator="\n").writerow(row)
