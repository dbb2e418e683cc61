"""What commands print with --json: facts on standard output, and progress on standard error."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from python_scoring.cli.main import commands
from python_scoring.erasure.inventory import Place
from python_scoring.models.artifacts import CARD_FILE, ModelCard
from python_scoring.models.registry import Registry
from python_scoring.onboarding.data_check import DataCheck
from python_scoring.onboarding.fit import FitResult, Fitted
from python_scoring.replay.command import Outcome
from python_scoring.replay.comparison import Difference
from python_scoring.replay.targets import Target

VERSION = "1.0.3"
PIN = datetime(2026, 9, 1)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)


@pytest.fixture
def card() -> ModelCard:
    """The card of a registered model."""
    file = Registry().artifact_folder("churn", VERSION) / CARD_FILE
    return ModelCard.from_json(file.read_text(), file)


def test_schemas_of_contracts(tmp_path: Path) -> None:
    found = json.loads(run("contracts", "--schemas", str(tmp_path)).stdout)
    assert found["is_rewritten"] is False
    assert found["files"] == sorted(map(str, tmp_path.iterdir()))


def test_a_registered_model(monkeypatch: pytest.MonkeyPatch, card: ModelCard) -> None:
    monkeypatch.setattr(
        "python_scoring.model_import.registration.register", lambda *_: (card, Path("folder"))
    )
    result = run("register", "churn", "model.skops", "--pin-from", "2026-09-01")
    found = json.loads(result.stdout)
    assert (found["product"], found["model_version"]) == ("churn", VERSION)
    assert (found["folder"], found["pinned_from"]) == ("folder", PIN.isoformat())
    assert found["metrics"] == json.loads(json.dumps(card.metrics))


def test_a_trained_model(monkeypatch: pytest.MonkeyPatch, card: ModelCard) -> None:
    monkeypatch.setattr("python_scoring.training.train.train", lambda *_: (b"", card))
    monkeypatch.setattr("python_scoring.project.parsed_manifest", lambda: None)
    monkeypatch.setattr("python_scoring.models.card.write_model_card", lambda *_: None)
    monkeypatch.setattr(Registry, "add", lambda *_: Path("folder"))
    found = json.loads(
        run("train", "churn", "--as-of", "2026-03-01", "--model-version", "9.0.0").stdout
    )
    assert found["rows"] == card.training_data["rows"]
    assert found["training_as_ofs"] == card.training_as_ofs
    assert found["pinned_from"] is None


def test_fitted_models_and_those_that_could_not_be(
    monkeypatch: pytest.MonkeyPatch, card: ModelCard
) -> None:
    """The reason is in the JSON, and the exit code is 1."""
    check = DataCheck(Path("raw"), PIN, [], [], [])

    def fit(*arguments: Any) -> FitResult:
        arguments[-1]("training churn")
        return FitResult(check, [Fitted(card, PIN, 0.69)], {"clv": "too short"})

    monkeypatch.setattr("python_scoring.onboarding.fit.fit", fit)
    result = CliRunner().invoke(
        commands, ["fit", "--all", "--by", "ana", "--reason", "first models", "--json"]
    )
    found = json.loads(result.stdout)
    assert [each["model_version"] for each in found["models"]] == [VERSION]
    assert found["models"][0]["recency_alone"] == 0.69
    assert found["not_trained"] == {"clv": "too short"}
    assert "training churn" in result.stderr
    assert result.exit_code != 0


def test_a_replay_that_differs_prints_its_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target({"run_id": "r1", "product": "churn", "as_of": PIN}, None)  # type: ignore[typeddict-item]
    outcomes = [Outcome(target, 3, [Difference("model", "another digest")], erased=1)]
    monkeypatch.setattr("python_scoring.replay.command.replay", lambda *_: outcomes)
    result = CliRunner().invoke(commands, ["replay", "r1", "--json"])
    assert json.loads(result.stdout) == [
        {
            "run_id": "r1",
            "product": "churn",
            "as_of": PIN.isoformat(),
            "predictions_compared": 3,
            "customers_erased": 1,
            "outcome": "differs",
            "link": "model",
            "differences": [{"link": "model", "message": "another digest", "matters": True}],
        }
    ]
    assert "1 of 1 runs differ" in str(result.exception)


def test_what_an_erasure_would_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"customers": 1, "places": [vars(Place("lake", "raw.orders", 2))], "moved_orders": []}
    monkeypatch.setattr("python_scoring.erasure.command.preview", lambda *_: found)
    assert json.loads(run("erase", "C1", "--dry-run").stdout) == {
        "customers": 1,
        "places": [{"kind": "lake", "name": "raw.orders", "rows": 2, "texts": 0}],
        "moved_orders": [],
    }


def test_cards_that_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("python_scoring.project.parsed_manifest", lambda: None)
    monkeypatch.setattr(
        "python_scoring.models.card.check_model_cards", lambda *_: [Path("a"), Path("b")]
    )
    assert json.loads(run("model-card", "--check").stdout) == {"files": ["a", "b"]}
