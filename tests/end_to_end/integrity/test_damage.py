"""Damaged files of the lake: a build finds them before it reads or serves them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fixtures import Fresh
from tests.support.project import Project

NEXT_DAY = {"PREDICTION_NOW": "2026-11-24T07:00:00"}
LATER = {"PREDICTION_NOW": "2026-11-24T08:00:00"}
AT = "2026-11-24 08:30:00"


def flip(path: Path, bit: int | None = None) -> None:
    """Change one bit and leave the times, as a disk does."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    bit = len(content) * 8 // 3 if bit is None else bit
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def files(project: Project, table: str, partition: str = "") -> list[Path]:
    return sorted(
        (project.warehouse / "lake" / table).rglob(f"{partition}*/**/*.parquet")
    ) or sorted((project.warehouse / "lake" / table).rglob("*.parquet"))


def freshness(project: Project) -> tuple[object, ...]:
    [row] = project.query(
        "select cast(as_of as date)::text, action_allowed, coalesce(action_blocked_reason, '')"
        " from lake.operations.prediction_freshness where product = 'churn'",
        at=AT,
    )
    return row


@pytest.fixture
def two_days(fresh: Fresh, next_day: Project) -> Project:
    """A warehouse with a run of churn on each of two days."""
    return fresh(after=next_day)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [flip, Path.unlink], ids=["flipped", "missing"])
def test_damaged_predictions_are_taken_back_and_published_again_identically(
    two_days: Project, fault: Callable[[Path], None]
) -> None:
    scores = "(select customer_id, score, label, reason_codes from lake.marts.churn_predictions_v1)"
    intact = two_days.digest(scores)
    [path] = files(two_days, "predictions/predictions_churn", "prediction_date=2026-11-24")
    fault(path)

    result = two_days.build(env=LATER, check=False)
    assert result.returncode == 1
    assert "DAMAGED" in result.stdout
    as_of, is_allowed, reason = freshness(two_days)
    assert (as_of, is_allowed) == ("2026-11-23", False)
    assert str(path) in str(reason)
    assert "republish" in str(reason)
    history = two_days.query("select count(*) from lake.marts.churn_prediction_history_v1")
    assert history[0][0] > 0  # can be read

    [(run_id,)] = two_days.query(
        "select run_id from lake.operations.run_states where product = 'churn'"
        " and as_of = timestamp '2026-11-24' and status = 'withdrawn'"
    )
    arguments = f"{{run_id: {run_id}, reason: file damaged, by: ana}}"
    two_days.dbt("run-operation", "republish", "--args", arguments, env=LATER)
    two_days.build(env=LATER)
    assert two_days.digest(scores) == intact
    assert freshness(two_days) == ("2026-11-24", True, "")
    assert "DAMAGE" not in two_days.command("doctor").stdout


@pytest.mark.slow
def test_damaged_rows_and_snapshots_are_made_anew_identically(two_days: Project) -> None:
    """In one build, before anything is computed from them; a file of derived rows as well."""
    tables = ("lake.raw.orders", "lake.features.feature_snapshots", "lake.features.order_versions")
    intact = [two_days.digest(table) for table in tables]
    manifest = two_days.digest("lake.operations.snapshot_manifest")
    [orders] = files(two_days, "raw/orders")
    [snapshot] = files(two_days, "features/feature_snapshots", "as_of=2026-11-24")
    flip(orders)
    snapshot.unlink()
    for path in files(two_days, "features/order_versions"):
        flip(path)

    result = two_days.build(env=LATER | {"VERIFY_FILES": "all"})
    assert "lands its rows again" in result.stdout
    assert [two_days.digest(table) for table in tables] == intact
    assert two_days.digest("lake.operations.snapshot_manifest") == manifest
    assert freshness(two_days) == ("2026-11-24", True, "")  # what was published is intact
    assert two_days.query(
        "select cause, count(*) from lake.operations.incidents where cause like 'data%' group by 1"
    ) == [("data_repaired", 3)]
    assert "DAMAGE" not in two_days.command("doctor").stdout


@pytest.mark.slow
def test_damaged_history_stops_the_build_until_the_file_is_back(fresh: Fresh) -> None:
    project = fresh()
    before = project.digest("lake.operations.run_ledger")
    path = files(project, "operations")[0]
    content = path.read_bytes()
    flip(path)

    result = project.build(env=NEXT_DAY, check=False)
    assert result.returncode != 0
    assert f"{path} of lake.operations" in result.stdout
    assert "copy it back from any backup" in result.stdout
    assert "Traceback" not in result.stdout
    doctor = project.command("doctor", check=False)
    assert doctor.returncode == 1
    assert str(path) in doctor.stdout

    path.write_bytes(content)
    assert project.digest("lake.operations.run_ledger") == before
    project.build(env=NEXT_DAY)
