"""Training never looks ahead, and a registered version never changes."""

import shutil
from pathlib import Path

import pytest

from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE
from tests.support.artifacts import registered
from tests.support.fixtures import Fresh
from tests.support.project import Project, copy_of_project

EARLY = ("--as-of", "2026-03-01", "--as-of", "2026-05-01")


# With 400 customers, one calibration as-of has too few groups for bounds.
LATER = ("--calibrate-on", "2026-07-30", "--calibrate-on", "2026-08-15")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder whose seeds these tests may change."""
    return copy_of_project(tmp_path_factory.mktemp("training"))


def seeds(folder: Path) -> tuple[str, str]:
    return (
        (folder / "seeds" / "model_registry.csv").read_text(),
        (folder / "seeds" / "model_pins.csv").read_text(),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("churn", "--as-of", "2026-09-01", "--model-version", "2.0.0"),
            "its label window of 90 days is complete at 2026-11-30 06:00:00, and now it is",
        ),
        (
            ("churn", *EARLY, "--model-version", "2.0.0", "--pin-from", "2026-10-27"),
            "closes at 2026-10-28 00:00:00",
        ),
        (
            ("churn", *EARLY, *LATER, "--model-version", "2.0.0", "--pin-from", "2026-11-12"),
            "the last label window of training and calibration closes at 2026-11-13 00:00:00",
        ),
        (
            ("churn", *EARLY, "--calibrate-on", "2026-09-10", "--model-version", "2.0.0"),
            "--calibrate-on 2026-09-10 00:00:00: its label window of 90 days is complete at",
        ),
        (
            ("churn", *EARLY, "--calibrate-on", "2026-05-01", "--model-version", "2.0.0"),
            "--calibrate-on 2026-05-01 00:00:00 is not later than the last as-of",
        ),
        (
            (
                *("churn", "--as-of", "2026-05-01", "--calibrate-on", "2026-05-02"),
                *("--evaluate-on", "2026-05-03", "--model-version", "2.0.0"),
            ),
            "expected at least the horizon of 90 days, 2026-07-30 00:00:00 or later",
        ),
        (("churn", *EARLY, "--model-version", "1.0.0"), "has churn 1.0.0 already"),
        (("churn", *EARLY, "--model-version", "two"), "expected MAJOR.MINOR.PATCH"),
        (
            (
                *("churn", *EARLY, "--model-version", "2.0.0", "--pin-from", "2026-11-01"),
                *("--reason", "=1+1"),
            ),
            "--reason '=1+1': expected one line of text",
        ),
        (
            ("nothing", *EARLY, "--model-version", "2.0.0"),
            "there is no product 'nothing' in ",
        ),
    ],
)
def test_refusals_leave_nothing_behind(
    fresh: Fresh, folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    """What would look ahead, or change a version, is refused in words, and nothing is written."""
    project = fresh(empty=True, folder=folder)
    before = seeds(folder)
    result = project.command("train", *arguments, check=False)
    assert result.returncode != 0
    assert message in result.stdout
    assert "Traceback" not in result.stdout
    assert seeds(folder) == before
    assert not (folder / "python_scoring" / "artifacts" / "churn" / "2.0.0").exists()


@pytest.mark.slow
def test_a_new_version_is_trained_pinned_and_used(fresh: Fresh, folder: Path) -> None:
    """Promotion is one command and one reviewed line; the next slot has the new model."""
    project: Project = fresh(folder=folder)
    project.command(
        "train", "churn", *EARLY, *LATER, "--model-version", "1.1.0", "--pin-from", "2026-11-24"
    )
    project.build(env={"PREDICTION_NOW": "2026-11-24T07:00:00"})
    served = project.query(
        "select distinct as_of, model_version from lake.marts.churn_predictions_v1"
    )
    assert [version for _, version in served] == ["1.1.0"]
    history = project.query(
        "select distinct model_version from lake.marts.churn_prediction_history_v1 order by 1"
    )
    assert history == [("1.0.3",), ("1.1.0",)]


def test_register_checks_before_it_copies(fresh: Fresh, folder: Path, tmp_path: Path) -> None:
    """A model from elsewhere enters the registry only if its card fits the project."""
    project = fresh(empty=True, folder=folder)
    source = folder / registered("clv", folder).artifact_path
    shutil.copy(source, tmp_path / MODEL_FILE)
    card = source.with_name(CARD_FILE).read_text().replace('"1.0.3"', '"3.0.0"')
    card = card.replace('"feature_version": "2.1.0"', '"feature_version": "3.0.0"')
    wrong = card.replace('"recency_days"', '"recency_weeks"')
    (tmp_path / CARD_FILE).write_text(wrong)
    model = str(tmp_path / MODEL_FILE)
    refused = project.command("register", "clv", model, check=False)
    assert refused.returncode != 0
    assert "feature_version 3.0.0" in refused.stdout
    fitting = card.replace('"feature_version": "3.0.0"', '"feature_version": "2.1.0"')
    (tmp_path / CARD_FILE).write_text(fitting.replace('"recency_days"', '"recency_weeks"'))
    refused = project.command("register", "clv", model, check=False)
    assert "recency_weeks are not features" in refused.stdout
    (tmp_path / CARD_FILE).write_text(fitting)
    project.command("register", "clv", model, "--pin-from", "2026-12-01")
    models, pins = seeds(folder)
    assert "clv,3.0.0," in models
    assert "clv,3.0.0,2026-12-01 00:00:00" in pins
