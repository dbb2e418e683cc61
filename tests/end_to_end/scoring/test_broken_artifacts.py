"""A model that is not exactly the registered one never scores anybody, and stops nobody else."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from python_scoring.models.artifacts import (
    CARD_FILE,
    ModelCard,
    sha256,
)
from tests.support.artifacts import registered
from tests.support.fixtures import Fresh
from tests.support.project import Project, copy_of_project

NEXT_DAY = "2026-11-24T07:00:00"


def break_digest(folder: Path) -> None:
    file = folder / registered("churn", folder).artifact_path
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def old_feature_version(folder: Path) -> None:
    """A model of older features, honestly registered."""
    row = registered("churn", folder)
    card_file = (folder / row.artifact_path).with_name(CARD_FILE)
    card = json.loads(card_file.read_text()) | {"feature_version": "0.9.0"}
    text = ModelCard(**card).to_json()
    card_file.write_text(text)
    seed = folder / "seeds" / "model_registry.csv"
    rows = pd.read_csv(seed, dtype=str)
    churn = rows["product"] == "churn"
    rows.loc[churn, "feature_version"] = "0.9.0"
    rows.loc[churn, "training_config_sha256"] = sha256(text.encode())
    rows.to_csv(seed, index=False)


def unregistered_pin(folder: Path) -> None:
    with (folder / "seeds" / "model_pins.csv").open("a") as pins:
        pins.write("churn,9.9.9,2026-11-24 00:00:00,somebody,a typing error\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (break_digest, "SHA-256"),
        (old_feature_version, "feature_version 0.9.0"),
        (unregistered_pin, "no row in seeds/model_registry.csv"),
    ],
)
def test_a_broken_product_does_not_affect_the_others(
    fresh: Fresh, tmp_path: Path, harm: Callable[[Path], None], message: str
) -> None:
    """Churn fails with the reason in the ledger; the others publish; former churn stays served."""
    folder = copy_of_project(tmp_path)
    harm(folder)
    project: Project = fresh(folder=folder)
    before = project.query("select distinct run_id from lake.marts.churn_predictions_v1")
    result = project.build(
        env={"PREDICTION_NOW": NEXT_DAY, "PREDICTION_AS_OF": "2026-11-24"}, check=False
    )
    assert result.returncode != 0
    assert "Traceback" not in result.stdout
    outcome = dict(
        project.query(
            "select product, status from lake.operations.run_states where as_of = '2026-11-24'"
        )
    )
    assert outcome == {"churn": "failed", "clv": "published", "segmentation": "published"}
    ((reason,),) = project.query(
        "select reason from lake.operations.run_ledger where status = 'failed'"
    )
    assert message in reason
    assert "\n" not in reason
    assert project.query("select distinct run_id from lake.marts.churn_predictions_v1") == before
    served = project.query("select distinct served_as from lake.marts.churn_predictions_v1")
    assert served == [("last_known_good",)]
    steps = dict(
        project.query(
            "select step, status from lake.operations.step_log "
            "where product = 'churn' and run_id = (select run_id from lake.operations.run_ledger "
            "where status = 'failed')"
        )
    )
    assert steps["load_feature_snapshot"] == "passed"
    assert steps["apply_pinned_model"] == "failed"
    assert steps["predict"] == steps["validate"] == steps["persist"] == "skipped"


@pytest.mark.slow
def test_a_retry_completes_the_run_that_failed(fresh: Fresh, tmp_path: Path) -> None:
    """`dbt retry` scores what failed; ledger, steps, console and lineage record it like a build."""
    folder = copy_of_project(tmp_path)
    model = folder / registered("clv", folder).artifact_path
    content = model.read_bytes()
    model.unlink()
    project: Project = fresh(folder=folder)
    at = {"PREDICTION_NOW": NEXT_DAY, "PREDICTION_AS_OF": "2026-11-24", "BUILD_LOG": "page"}
    only_clv = ("--select", "+path:models/products/clv", "incident_reviews")
    failed = project.dbt("build", *only_clv, env=at, check=False)
    assert failed.returncode != 0
    assert "Traceback" not in failed.stdout
    assert len(failed.stdout.splitlines()) < 70
    [table] = [line.split("  ")[-1] for line in failed.stdout.splitlines() if " failed  " in line]
    assert table.startswith("read the step that failed")
    again = project.dbt("retry", env=at, check=False)
    assert again.returncode != 0
    model.write_bytes(content)

    retried = project.dbt("retry", env=at)
    entries = project.query(
        "select status from lake.operations.run_ledger "
        "where product = 'clv' and as_of = '2026-11-24' order by entry"
    )
    assert entries == [(status,) for status in ("started", "failed") * 2] + [("published",)]
    [(run_id, invocation)] = project.query(
        "select run_id, invocation_id from lake.operations.run_ledger "
        "where product = 'clv' and as_of = '2026-11-24' and status = 'published'"
    )
    steps = project.query(
        "select step_number, status, message, started_at <= finished_at "
        f"from lake.operations.step_log where run_id = '{run_id}' "
        f"and invocation_id = '{invocation}' order by step_number"
    )
    assert steps == [(number, "passed", None, True) for number in range(1, 6)]
    [row] = [line.split() for line in retried.stdout.splitlines() if " clv  " in line]
    assert "published" in row
    lines = (project.warehouse / "lineage.ndjson").read_text().splitlines()
    events = [(event["job"]["name"], event["eventType"]) for event in map(json.loads, lines)]
    assert [kind for name, kind in events if "clv" in name][-1] == "COMPLETE"
