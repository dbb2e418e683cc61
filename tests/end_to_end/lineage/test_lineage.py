"""Lineage of predictions: complete, correct, and traceable."""

import json
from pathlib import Path

import pytest

from python_scoring.models.artifacts import sha256
from python_scoring.replay.comparison import snapshot_digest
from tests.support.fixtures import Fresh
from tests.support.project import NOW, PRODUCTS, Project

# What a prediction may lack: nobody may have read it, and not every score has bounds or reasons.
MAY_BE_MISSING = {"score_lower", "score_upper", "interval_level", "reason_codes", "readers"}


def any_prediction(project: Project, product: str) -> str:
    [(prediction_id,)] = project.query(
        f"select min(prediction_id) from lake.predictions.predictions_{product}"
    )
    return str(prediction_id)


def test_every_prediction_has_a_whole_lineage(built: Project) -> None:
    """One row each, and nothing in it is unknown."""
    predictions = " union all ".join(
        f"select prediction_id from lake.predictions.predictions_{product}" for product in PRODUCTS
    )
    lineage = built.frame("select * from lake.operations.prediction_lineage")
    [(count,)] = built.query(f"select count(*) from ({predictions})")
    assert len(lineage) == lineage["prediction_id"].nunique() == count > 0
    missing = {name for name in lineage.columns if lineage[name].isna().any()}
    assert missing <= MAY_BE_MISSING


def test_lineage_is_true(built: Project) -> None:
    """Files, inputs, features and the definitions' seed are what the lineage says they are."""
    prediction_id = any_prediction(built, "churn")
    traced = json.loads(built.command("trace", prediction_id, "--json").stdout)
    artifact = built.folder / traced["artifact_path"]
    assert sha256(artifact.read_bytes()) == traced["artifact_sha256"]
    card = artifact.with_name("model.json")
    assert sha256(card.read_bytes()) == traced["training_config_sha256"]
    content = json.loads(card.read_text())
    assert content["training_data"]["digest"] == traced["training_data_sha256"]
    assert list(traced["features_used"]) == [each["name"] for each in content["features"]]
    [(recency, country)] = built.query(
        "select cast(recency_days as text), country from lake.features.feature_snapshots "
        f"where customer_id = '{traced['customer_id']}' and as_of = '{traced['as_of']}'"
    )
    assert traced["feature_values"]["recency_days"] == recency
    assert traced["feature_values"]["country"] == country
    locked = (built.folder / "seeds" / "feature_versions.csv").read_text()
    assert f"{traced['feature_version']},{traced['definitions_sha256']}" in locked
    inputs = {source["source"]: source for source in traced["inputs"]}
    for table in ("customers", "orders", "events"):
        [(rows, newest)] = built.query(
            f"select count(*), max(loaded_at) from '{built.raw_data}/{table}.parquet' "
            f"where loaded_at < timestamp '{traced['data_cutoff']}'"
        )
        assert (inputs[table]["rows"], inputs[table]["newest_loaded_at"]) == (rows, str(newest))
    assert traced["contract"]["product"] == "churn"
    assert traced["libraries"]["scikit-learn"] == content["libraries"]["scikit-learn"]
    passed = [check for check in traced["checks"] if check["outcome"] == "passed"]
    assert len(passed) == traced["checks_passed"] > 0


def test_trace_is_readable(built: Project) -> None:
    """The same in words; an id that is none is named."""
    prediction_id = any_prediction(built, "segmentation")
    printed = built.command("trace", prediction_id).stdout
    for said in ("Model segmentation 1.0.3", "Inputs loaded before", "scikit-learn", "Read by"):
        assert said in printed
    assert "not recorded" not in printed
    unknown = built.command("trace", "x' or 'a' = 'a", check=False)
    assert unknown.returncode != 0
    assert "no prediction x' or 'a' = 'a in lake.predictions" in unknown.stdout
    assert "Traceback" not in unknown.stdout


def test_definitions_are_told_apart_by_model(built: Project) -> None:
    """A digest per feature, in the snapshot's order."""
    digests = built.query(
        "select feature, definition_sha256 from lake.operations.feature_definitions "
        "order by position"
    )
    catalogue = built.query("select name from lake.features.feature_catalogue order by position")
    assert [feature for feature, _ in digests] == [name for (name,) in catalogue]
    assert len({digest for _, digest in digests}) == len(digests)


def test_a_snapshot_has_the_digest_that_names_it(built: Project) -> None:
    """Python's reading of it, which replay uses, is that of the build."""
    names = [name for (name,) in built.query(
        "select name from lake.features.feature_catalogue order by position"
    )]  # fmt: skip
    found = built.query(
        f"select as_of, {snapshot_digest(names)} from lake.features.feature_snapshots "
        "group by as_of order by as_of"
    )
    recorded = built.query(
        "select as_of, feature_snapshot_id from lake.operations.snapshot_manifest order by as_of"
    )
    assert found == recorded


def test_each_run_has_lineage_events(built: Project) -> None:
    """Where nothing else is configured, OpenLineage events are appended to a file."""
    lines = (built.warehouse / "lineage.ndjson").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] * len(PRODUCTS)
    assert len({event["run"]["runId"] for event in events}) == len(PRODUCTS)
    by_job = {event["job"]["name"]: event for event in events if event["outputs"]}
    assert set(by_job) == set(PRODUCTS)
    churn = by_job["churn"]
    assert churn["eventTime"].startswith(NOW)
    assert [Path(each["name"]).name for each in churn["inputs"]] == [
        "customers", "events", "orders", "features.feature_snapshots",
    ]  # fmt: skip
    (output,) = churn["outputs"]
    [(rows,)] = built.query("select count(*) from lake.predictions.predictions_churn")
    assert output["name"] == "predictions.predictions_churn"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == rows
    facets = churn["run"]["facets"]
    assert facets["customer_predictions_model"]["model_version"] == "1.0.3"
    assert {test["status"] for test in facets["test"]["tests"]} <= {"pass", "fail", "skip"}


@pytest.mark.slow
def test_an_unreachable_receiver_does_not_stop_a_build(fresh: Fresh) -> None:
    """The build says that the events were not sent, and is as good as any."""
    project = fresh()
    result = project.build(
        "--select", "+path:models/products/churn",
        env={
            "PREDICTION_NOW": "2026-11-24T07:00:00",
            "OPENLINEAGE_URL": "http://127.0.0.1:9",
            "OPENLINEAGE__TRANSPORT__TIMEOUT": "1",
        },
    )  # fmt: skip
    assert "OpenLineage events of this build could not be sent" in result.stdout
    published = "select count(*) from lake.operations.run_ledger where status = 'published'"
    assert project.query(f"{published} and as_of = '2026-11-24'") == [(1,)]
