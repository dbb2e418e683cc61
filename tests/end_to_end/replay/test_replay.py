"""What was published comes out the same again; what was changed meanwhile is found and named."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from python_scoring.models.registry import Registry
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.fixtures import Fresh, copy_warehouse
from tests.support.project import Project, copy_of_project

LAST = date(2026, 11, 22)


ANOTHER_DAY = {"PREDICTION_NOW": "2027-02-01T03:00:00"}


SNAPSHOT = ("--from-snapshot",)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Processes started here have one thread instead of as many as there are cores."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run_of(project: Project, product: str) -> str:
    [(run_id,)] = project.query(
        "select run_id from lake.operations.run_manifest "
        f"where product = '{product}' order by as_of desc limit 1"
    )
    return str(run_id)


def change(project: Project, sql: str) -> None:
    """A change behind the project's back."""
    with connect_lake(Warehouse(project.warehouse), read_only=False) as lake:
        lake.execute(sql)


def differs(project: Project, *arguments: str) -> str:
    """What a replay says that must not succeed."""
    result = project.command("replay", *arguments, env=ANOTHER_DAY, check=False)
    assert result.returncode != 0, result.stdout
    assert "Traceback" not in result.stdout
    return result.stdout


def contents(warehouse: Path) -> dict[str, bytes]:
    """Every file but what SQLite keeps beside the catalog while it is read."""
    return {
        str(file.relative_to(warehouse)): file.read_bytes()
        for file in sorted(warehouse.rglob("*"))
        if file.is_file() and not file.name.endswith(("-wal", "-shm", ".lock"))
    }


@pytest.fixture(scope="module")
def fifteen_days(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Fifteen days with another churn model from the eighth on; afterwards late rows came in."""
    folder = tmp_path_factory.mktemp("fifteen_days")
    raw = folder / "raw"
    shutil.copytree(demo_raw, raw)
    project = Project(copy_of_project(folder), raw, folder / "warehouse", folder / "target")
    project.command(
        "train", "churn", "--as-of", "2026-02-01", "--as-of", "2026-04-01",
        "--calibrate-on", "2026-07-20", "--calibrate-on", "2026-08-05",
        "--model-version", "1.1.0", "--pin-from", str(LAST - timedelta(days=7)),
    )  # fmt: skip
    days = [str(LAST - timedelta(days=back)) for back in reversed(range(15))]
    project.build(env={"PREDICTION_AS_OF": ",".join(days)})
    orders = raw / "orders.parquet"
    with duckdb.connect() as connection:
        # Corrections and late orders of every day, loaded after all of it.
        connection.execute(
            f"""
            create table orders as
            select * from read_parquet('{orders}')
            union all by name
            select * replace (
                amount + 1 as amount,
                if(hash(order_id) % 2 = 0, order_id, order_id || 'L') as order_id,
                timestamp '2026-11-25' as loaded_at
            )
            from read_parquet('{orders}') where hash(order_id) % 10 = 0
            """
        )
        connection.execute(f"copy orders to '{orders}'")
    return project


@pytest.mark.slow
def test_two_hundred_predictions_are_identical_and_traced(fifteen_days: Project) -> None:
    """From the raw tables, on another day, in a fresh process, with one thread; and nothing in the
    warehouse changes.
    """
    before = contents(fifteen_days.warehouse)
    with on_one_core():
        result = fifteen_days.command("replay", "--sample", "200", env=ANOTHER_DAY)
    assert "200 predictions of" in result.stdout.splitlines()[-1]
    assert "are identical" in result.stdout.splitlines()[-1]
    assert contents(fifteen_days.warehouse) == before
    lineage = fifteen_days.frame(
        "select * from lake.operations.prediction_lineage using sample 200 rows (reservoir, 7)"
    )
    assert set(lineage.loc[lineage["product"] == "churn", "model_version"]) == {"1.0.3", "1.1.0"}
    may_be_missing = {"score_lower", "score_upper", "interval_level", "reason_codes", "readers"}
    assert not lineage.drop(columns=list(may_be_missing)).isna().any().any()


@pytest.mark.slow
def test_a_whole_run_is_identical(fifteen_days: Project) -> None:
    """Every customer of it, and nobody else."""
    run_id = run_of(fifteen_days, "clv")
    [(rows,)] = fifteen_days.query(
        f"select count(*) from lake.predictions.predictions_clv where run_id = '{run_id}'"
    )
    printed = fifteen_days.command("replay", run_id, env=ANOTHER_DAY).stdout
    assert f"identical: {rows:,} predictions of clv" in printed


def test_replay_from_the_stored_snapshot(built: Project) -> None:
    """A run, and a single prediction."""
    run_id = run_of(built, "segmentation")
    printed = built.command("replay", run_id, *SNAPSHOT, "--json", env=ANOTHER_DAY).stdout
    [found] = json.loads(printed[printed.index("[") :])
    assert (found["run_id"], found["outcome"], found["differences"]) == (run_id, "identical", [])
    [(prediction_id,)] = built.query(
        "select min(prediction_id) from lake.predictions.predictions_churn"
    )
    printed = built.command("replay", prediction_id, *SNAPSHOT, env=ANOTHER_DAY).stdout
    assert "1 predictions of 1 runs are identical." in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "'nothing' is neither a run_id nor a prediction_id"),
        ((), "replay takes either a RUN_ID or PREDICTION_ID, or --sample N"),
        (("nothing", "--sample", "3"), "replay takes either"),
        (("--sample", "0"), "0 is not in the range x>=1"),
    ],
)
def test_wrong_inputs_are_named(built: Project, arguments: tuple[str, ...], message: str) -> None:
    assert message in differs(built, *arguments)


@pytest.mark.slow
def test_a_changed_raw_value_is_found(built: Project, tmp_path: Path) -> None:
    """The table is named with both digests, the feature and the score with both values."""
    raw = tmp_path / "raw"
    shutil.copytree(built.raw_data, raw)
    [(customer,)] = built.query(
        "select min(customer_id) from lake.predictions.predictions_churn where as_of = '2026-11-23'"
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table orders as select * replace (
                if(customer_id = '{customer}', amount * 2, amount)::decimal(18, 2) as amount
            ) from read_parquet('{raw}/orders.parquet')
            """
        )
        connection.execute(f"copy orders to '{raw}/orders.parquet'")
    project = replace(built, raw_data=raw)
    said = differs(project, run_of(project, "churn"))
    assert "differs in input:" in said
    assert "input: the raw table orders, as loaded before 2026-11-23 06:00:00" in said
    assert f"feature: 1 customers; the first, {customer}: revenue_" in said


@pytest.mark.slow
def test_changed_feature_sql_is_found(built: Project, tmp_path: Path) -> None:
    """Under the same version; each feature that it concerns is named, with what became of it."""
    folder = copy_of_project(tmp_path)
    file = folder / "models" / "features" / "event_features.sql"
    text = file.read_text()
    assert "within_days('age', 30)" in text
    file.write_text(text.replace("within_days('age', 30)", "within_days('age', 31)", 1))
    project = replace(built, folder=folder, target=tmp_path / "target")
    said = differs(project, "--sample", "400")
    assert "differs in feature:" in said
    assert "feature: the definitions of feature_version 2.1.0: digest" in said
    assert "event_count_30d (" in said
    assert "recency_days (" not in said
    assert "event_count_30d is " in said
    assert "input:" not in said


def flip_a_byte(folder: Path) -> None:
    file = folder / "python_scoring" / "artifacts" / "churn" / "1.0.3" / "model.skops"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def register_another(folder: Path) -> None:
    file = Registry(folder).models_file
    row = Registry(folder).row("churn", "1.0.3") or {}
    file.write_text(file.read_text().replace(row["artifact_sha256"], "0" * 64))


def strike_from_registry(folder: Path) -> None:
    file = Registry(folder).models_file
    lines = [line for line in file.read_text().splitlines() if not line.startswith("churn,1.0.3,")]
    file.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (flip_a_byte, "The file is not the one that was registered"),
        (register_another, "row churn 1.0.3: artifact_sha256 "),
        (strike_from_registry, "has no row for churn 1.0.3 any more"),
    ],
)
def test_another_model_is_found(built: Project, tmp_path: Path, break_it: Any, says: str) -> None:
    """A byte of the artifact, or the row of the registry."""
    folder = copy_of_project(tmp_path)
    break_it(folder)
    project = replace(built, folder=folder, target=tmp_path / "target")
    said = differs(project, run_of(project, "churn"), *SNAPSHOT)
    assert "differs in model:" in said
    assert says in said


SOMEBODY = "(select min(customer_id) from lake.predictions.predictions_churn)"


SNAPSHOTS = "lake.features.feature_snapshots"


PREDICTIONS = "lake.predictions.predictions_churn"


def older(library: str) -> str:
    """As if the runs had been made with another version of it."""
    name = f'"{library}": "'
    return (
        "update lake.operations.run_manifest "
        f"set libraries = replace(libraries, '{name}', '{name}0.')"
    )


@pytest.mark.parametrize(
    ("sql", "link", "says"),
    [
        (
            f"update {PREDICTIONS} set score = 0.123456 where customer_id = {SOMEBODY}",
            "score",
            "score is 0.123456 as recorded, 0.",
        ),
        (
            f"delete from {PREDICTIONS} where customer_id = {SOMEBODY}",
            "score",
            "is scored again but has no prediction",
        ),
        (
            f"update {SNAPSHOTS} set recency_days = 400 where customer_id = {SOMEBODY}",
            "feature",
            "the stored snapshot: digest ",
        ),
        (
            f"{older('numpy')}; update {PREDICTIONS} set label = 'high'",
            "library",
            "numpy 0.",
        ),
    ],
)
def test_replay_finds_changed_lake_rows(fresh: Fresh, sql: str, link: str, says: str) -> None:
    """Stored predictions, features and versions; what differs first is named first."""
    project = fresh()
    change(project, sql)
    said = differs(project, run_of(project, "churn"), *SNAPSHOT)
    assert f"differs in {link}:" in said
    assert says in said


def test_a_changed_library_is_reported_even_without_effect(fresh: Fresh) -> None:
    """The predictions are the same, so it is no mismatch; but it is named with both versions."""
    project = fresh()
    change(
        project,
        "update lake.operations.run_manifest set "
        'libraries = replace(libraries, \'"duckdb": "\', \'"duckdb": "0.\')',
    )
    printed = project.command("replay", run_of(project, "churn"), *SNAPSHOT).stdout
    assert "library: duckdb 0." in printed
    assert "the predictions are the same" in printed


def test_a_recorded_mismatch_is_an_incident(fresh: Fresh) -> None:
    """Until the run comes out the same again."""
    project = fresh()
    run_id = run_of(project, "churn")
    artifact = "update lake.operations.run_manifest set artifact_sha256"
    change(
        project, f"create table lake.kept as from lake.operations.run_manifest; {artifact} = 'x'"
    )
    said = differs(project, run_id, *SNAPSHOT, "--record")
    assert "differs in model" in said
    incidents = "select status from lake.operations.incidents where cause = 'replay_mismatch'"
    assert project.query(incidents) == [("open",)]
    change(
        project,
        f"{artifact} = kept.artifact_sha256 from lake.kept as kept "
        "where kept.run_id = run_manifest.run_id; drop table lake.kept",
    )
    project.command("replay", run_id, *SNAPSHOT, "--record")
    assert project.query(incidents) == [("resolved",)]
    log = project.query(
        "select outcome, link, predictions_compared > 0 from lake.operations.replay_log "
        "order by entry"
    )
    assert log == [("differs", "model", False), ("identical", None, True)]


@pytest.mark.slow
def test_an_erased_customer_is_no_mismatch(fresh: Fresh, tmp_path: Path) -> None:
    """From the raw tables and from the stored features: the run says how many are gone."""
    raw = tmp_path / "raw"
    project = fresh()
    shutil.copytree(project.raw_data, raw)
    project = replace(project, raw_data=raw)
    [(customer,)] = project.query("select min(customer_id) from lake.predictions.predictions_churn")
    project.command("erase", customer, "--by", "ana", "--reason", "request 17")
    run_id = run_of(project, "churn")
    for arguments in ((), SNAPSHOT):
        printed = project.command("replay", run_id, *arguments, env=ANOTHER_DAY).stdout
        assert "identical:" in printed
        assert "1 customers erased" in printed


@pytest.mark.slow
def test_an_older_feature_version_is_rebuilt_by_its_commit(demo_raw: Path, tmp_path: Path) -> None:
    """The definitions have moved on; those of then are in the history, or the replay says so."""
    folder = copy_of_project(tmp_path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it was"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    project = Project(folder, demo_raw, tmp_path / "warehouse", tmp_path / "target")
    project.build("--select", "+path:models/products/churn")
    file = folder / "models" / "features" / "event_features.sql"
    file.write_text(file.read_text().replace("within_days('age', 30)", "within_days('age', 31)"))
    yaml = folder / "models" / "features" / "_features__models.yml"
    yaml.write_text(
        yaml.read_text().replace('feature_version: "2.1.0"', 'feature_version: "3.0.0"')
    )
    run_id = run_of(project, "churn")
    assert "are identical" in project.command("replay", run_id).stdout
    shutil.rmtree(folder / ".git")
    said = differs(project, run_id)
    assert "differs in feature:" in said
    assert "feature_version 2.1.0 recorded, 3.0.0 in the project" in said


def test_a_moved_warehouse_is_replayed(built: Project, tmp_path: Path) -> None:
    """A copy, somewhere else."""
    copy_warehouse(built.warehouse, tmp_path / "warehouse")
    project = replace(built, warehouse=tmp_path / "warehouse")
    printed = project.command("replay", "--sample", "3", *SNAPSHOT, env=ANOTHER_DAY).stdout
    assert "3 predictions of" in printed
