"""Trial of an imported model in a child process, before this process reads it.

A skops file of trusted types alone can still hold arrays that crash scikit-learn's compiled code or
take all memory. The trial reads the model and scores rows under a memory limit; a crash ends only
the trial.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from python_scoring.errors import ArtifactError
from python_scoring.model_import.imported_model import ImportedModel
from python_scoring.model_import.metadata import features_of
from python_scoring.model_import.trial_rows import TrialRows
from python_scoring.model_import.verification import verify
from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, Model, ModelCard, parse, sha256

MEMORY = 2 * 2**30  # bytes that reading and scoring may take beyond what the imports take
SECONDS = 300  # of processor time


@dataclass(frozen=True)
class Tried:
    """Result of the trial: the estimator's class, and its features by name and type, in order."""

    kind: str
    features: list[dict[str, str]]


def try_out(
    imported: ImportedModel, card: ModelCard, catalogue: dict[str, str], rows: TrialRows
) -> Tried:
    """Read an imported model in a child process, and score `rows` with it.

    If `card` has no features, they are those of the estimator, with the types of `catalogue` (name
    to `number` or `category`). Raises ArtifactError if the model cannot be read, does not score,
    ends the process, or takes more than MEMORY or SECONDS.
    """
    with tempfile.TemporaryDirectory(prefix="trial-") as scratch:
        folder = Path(scratch)
        (folder / MODEL_FILE).write_bytes(imported.content)
        (folder / CARD_FILE).write_text(card.to_json())
        question = {
            "name": imported.name,
            "signature": imported.signature,
            "catalogue": catalogue,
            "example": None if imported.example is None else list(imported.example.columns),
        }
        (folder / "rows.json").write_text(rows.to_json())
        (folder / "question.json").write_text(json.dumps(question, default=str))
        ended = subprocess.run(  # noqa: S603 - this Python and this module, without a shell
            [sys.executable, "-m", "python_scoring.model_import.trial", scratch],
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        answer_file = folder / "answer.json"
        answer = json.loads(answer_file.read_text()) if answer_file.exists() else {}
    if error := answer.get("error"):
        raise ArtifactError(error)
    if ended.returncode != 0 or not answer:
        how = (
            f"was ended by signal {-ended.returncode}"
            if ended.returncode < 0
            else f"ended with exit code {ended.returncode}"
        )
        raise ArtifactError(
            f"{imported.name} does not survive a trial: the process that read it and scored rows "
            f"with it {how}. Its arrays are damaged or forged, or it needs more than "
            f"{MEMORY // 2**30} GiB or {SECONDS} s. Train the model again, or a smaller one."
        )
    return Tried(**answer)


def _answer(folder: Path) -> dict[str, Any]:
    """Do the work of `try_out` in this process."""
    question = json.loads((folder / "question.json").read_text())
    content = (folder / MODEL_FILE).read_bytes()
    card = ModelCard.from_json((folder / CARD_FILE).read_text(), folder / CARD_FILE)
    example = question["example"]
    imported = ImportedModel(
        name=question["name"],
        content=content,
        scikit_learn=str(card.libraries.get("scikit-learn")),
        source={},
        example=None if example is None else pd.DataFrame(columns=example),
        signature=question["signature"],
    )
    estimator = parse(content, card, imported.name, is_signed=bool(card.features))
    if not card.features:
        features = features_of(estimator, imported, question["catalogue"])
        card = replace(card, features=features)
    rows = TrialRows.from_json((folder / "rows.json").read_text())
    verify(Model(card, estimator, sha256(content)), imported, rows)
    return asdict(Tried(type(estimator).__name__, card.features))


def _limit() -> None:
    """Set the limits of this process; of memory only where the system reports its use."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        taken = int(fields["VmSize"].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


def main(folder: Path) -> None:
    """Write the answer, or the error for the user."""
    _limit()
    try:
        answer = _answer(folder)
    except ArtifactError as error:
        answer = {"error": str(error)}
    except MemoryError:
        sys.exit(f"more than {MEMORY} bytes")
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
