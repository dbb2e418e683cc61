"""Reason codes of published predictions, and `explain`."""

import json
from pathlib import Path

import duckdb
import pytest

from python_scoring.errors import ArtifactError, ScoringError
from python_scoring.explanations.command import explain
from python_scoring.models.registry import Registry
from python_scoring.warehouse import Warehouse, write_to_lake
from tests.support.artifacts import registered
from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, Project


def test_published_predictions_have_reasons(built: Project) -> None:
    """Each of every product, typed as JSON in version 2, without the customer's id."""
    for product in PRODUCTS:
        [(rows, told, with_id)] = built.query(
            "select count(*), "
            "count(*) filter (where json_array_length(reason_codes) between 1 and 3), "
            "count(*) filter (where contains(reason_codes, customer_id)) "
            f"from lake.predictions.predictions_{product}"
        )
        assert rows > 100
        assert (told, with_id) == (rows, 0), product
    [(kind, text)] = built.query(
        "select typeof(reason_codes), reason_codes[0].text "
        "from lake.marts.churn_predictions_v2 order by customer_id limit 1"
    )
    assert kind == "JSON"
    assert len(json.loads(text)) > 5


def first_prediction(project: Project, product: str) -> str:
    [(prediction_id,)] = project.query(
        f"select prediction_id from lake.predictions.predictions_{product} order by 1 limit 1"
    )
    return str(prediction_id)


def test_explain_matches_the_stored_reasons(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored reason codes are the largest of the contributions, in the same words."""
    monkeypatch.setenv("WAREHOUSE", str(built.warehouse))
    prediction_id = first_prediction(built, "churn")
    explanation = explain(prediction_id, Registry())
    told = json.loads(explanation.to_json())
    assert told["prediction_id"] == prediction_id
    total = told["base"] + sum(feature["contribution"] for feature in told["features"])
    assert told["raw_score"] == pytest.approx(total, abs=1e-9)
    stored = told["reason_codes"]
    assert len(stored) == 3
    for reason, feature in zip(stored, told["features"], strict=False):
        assert (reason["feature"], reason["text"]) == (feature["feature"], feature["text"])
        assert reason["contribution"] == round(feature["contribution"], 6)

    text = built.command("explain", prediction_id).stdout
    assert text == explanation.to_text() + "\n"
    for feature in told["features"]:
        assert feature["text"] in text
        assert f"{feature['contribution']:+.6f}" in text
    assert f"{told['raw_score']:+.6f}" in text


def test_explain_counts_from_the_limit_of_another_segment(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", str(built.warehouse))
    explanation = explain(first_prediction(built, "segmentation"), Registry())
    assert all(0 <= told.contribution <= 1 for told in explanation.features)
    assert explanation.base == 0
    assert "at the limit of another segment" in explanation.to_text()


def delete_snapshots(lake: duckdb.DuckDBPyConnection) -> None:
    lake.execute("delete from lake.features.feature_snapshots")


def test_explain_says_what_is_missing(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown id, another artifact than the run used, a lost artifact, a lost snapshot row."""
    project = fresh()
    monkeypatch.setenv("WAREHOUSE", str(project.warehouse))
    prediction_id = first_prediction(project, "churn")
    copy = Registry(tmp_path / "copy")
    (copy.project / "seeds").mkdir(parents=True)
    text = Registry().models_file.read_text()

    copy.models_file.write_text(text)
    with pytest.raises(
        ArtifactError, match=r"model\.json cannot be read|model\.skops cannot be read"
    ):
        explain(prediction_id, copy)
    copy.models_file.write_text(text.replace(registered("churn").artifact_sha256, "0" * 64))
    with pytest.raises(ArtifactError, match=r"artifact_sha256 0+, but the ledger says that run"):
        explain(prediction_id, copy)
    copy.models_file.write_text(text.replace("churn,", "other,"))
    with pytest.raises(ArtifactError, match=r"model_registry\.csv has no row of churn 1\.0\.3"):
        explain(prediction_id, copy)

    with write_to_lake(Warehouse(project.warehouse)) as writer:
        assert writer.transact(delete_snapshots)
    with pytest.raises(ScoringError, match=r"feature_snapshots has no row of C\d+ as of"):
        explain(prediction_id, Registry())


def test_explain_says_what_is_wrong(built: Project) -> None:
    result = built.command("explain", "0" * 32, check=False)
    assert result.returncode == 1
    assert result.stdout.startswith(f"Error: no prediction {'0' * 32} in lake.predictions")
