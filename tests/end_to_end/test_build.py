"""Whole builds: what is published, what a repeated build leaves alone, what a failed check does."""

import json
import re
from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from tests.support.fixtures import CUSTOMERS, Fresh
from tests.support.project import PRODUCTS, Project, accept_raw_files, copy_of_project

PREDICTION_COLUMNS = [
    ("prediction_id", "VARCHAR"),
    ("run_id", "VARCHAR"),
    ("product", "VARCHAR"),
    ("customer_id", "VARCHAR"),
    ("as_of", "TIMESTAMP"),
    ("prediction_date", "DATE"),
    ("predicted_at", "TIMESTAMP"),
    ("score", "DOUBLE"),
    ("score_lower", "DOUBLE"),
    ("score_upper", "DOUBLE"),
    ("interval_level", "DOUBLE"),
    ("label", "VARCHAR"),
    ("reason_codes", "VARCHAR"),
    ("model_version", "VARCHAR"),
    ("training_run_id", "VARCHAR"),
    ("feature_version", "VARCHAR"),
    ("feature_snapshot_id", "VARCHAR"),
    ("output_schema_version", "VARCHAR"),
]


MART_COLUMNS = [
    ("customer_id", "VARCHAR"),
    ("score", "DOUBLE"),
    ("score_lower", "DOUBLE"),
    ("score_upper", "DOUBLE"),
    ("interval_level", "DOUBLE"),
    ("label", "VARCHAR"),
    ("reason_codes", "VARCHAR"),
    ("as_of", "TIMESTAMP"),
    ("predicted_at", "TIMESTAMP"),
    ("model_version", "VARCHAR"),
    ("feature_version", "VARCHAR"),
    ("output_schema_version", "VARCHAR"),
    ("run_id", "VARCHAR"),
    ("prediction_id", "VARCHAR"),
    ("age_hours", "DECIMAL(18,2)"),
    ("fresh_until", "TIMESTAMP"),
    ("freshness", "VARCHAR"),
    ("served_as", "VARCHAR"),
    ("action_allowed", "BOOLEAN"),
    ("action_blocked_reason", "VARCHAR"),
    ("deprecated_on", "DATE"),
]


LEDGER_COLUMNS = {
    "run_id",
    "product",
    "as_of",
    "status",
    "reason",
    "recorded_at",
    "model_version",
    "feature_version",
    "feature_snapshot_id",
    "rows_scored",
    "rows_published",
    "invocation_id",
    "code_version",
}


STEPS = ["load_feature_snapshot", "apply_pinned_model", "predict", "validate", "persist"]


SCORES = "customer_id, score, score_lower, score_upper, label, reason_codes, as_of, run_id"


# What no repeated build may touch. Freshness columns of a mart move with the reader's clock.
DURABLE = [
    "lake.features.feature_snapshots",
    "lake.features.feature_catalogue",
    "lake.operations.run_ledger",
    "lake.operations.step_log",
    "lake.operations.output_checks",
    "lake.operations.snapshot_manifest",
    "lake.operations.prediction_contracts",
    *[f"lake.predictions.{kind}_{p}" for kind in ("predictions", "quarantine") for p in PRODUCTS],
    *[f"lake.marts.{product}_prediction_history_v1" for product in PRODUCTS],
    *[
        "(select * exclude"
        " (age_hours, freshness, served_as, action_allowed, action_blocked_reason)"
        f" from lake.marts.{product}_predictions_v1)"
        for product in PRODUCTS
    ],
]


THURSDAY = "2026-02-05T07:00:00"


MONDAY_THE_FIRST = "2027-02-01T07:00:00"  # daily, weekly and monthly slots at once


def columns(project: Project, relation: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, *_ in project.query(f"describe {relation}")]


def contents(project: Project) -> dict[str, tuple[int, str]]:
    return {relation: project.digest(relation) for relation in DURABLE}


def age(project: Project, product: str) -> tuple[object, ...]:
    """The columns of a mart that its age decides: one value each, in every row."""
    [row] = project.query(
        "select distinct freshness, served_as, action_allowed, action_blocked_reason "
        f"from lake.marts.{product}_predictions_v1"
    )
    return row


@pytest.fixture(scope="module")
def old(demo_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A first build on a Thursday months ago."""
    folder = tmp_path_factory.mktemp("old")
    project = Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")
    project.build(env={"PREDICTION_NOW": THURSDAY}, tests="all")
    return project


def test_first_build_publishes_every_product_on_any_weekday(old: Project, built: Project) -> None:
    """One build in an empty warehouse publishes each product's newest slot: on a Monday the slot of
    that day, on a Thursday the daily one of that day and the weekly one of the Monday before.
    """
    slots = {
        built: {"churn": "2026-11-23", "clv": "2026-11-23", "segmentation": "2026-11-01"},
        old: {"churn": "2026-02-05", "clv": "2026-02-02", "segmentation": "2026-02-01"},
    }
    for project, expected in slots.items():
        for product in PRODUCTS:
            [(as_of, runs, rows)] = project.query(
                "select cast(max(as_of) as date), count(distinct run_id), count(*) "
                f"from lake.marts.{product}_predictions_v1"
            )
            assert str(as_of) == expected[product]
            assert runs == 1
            assert rows > 0


@pytest.mark.parametrize("product", PRODUCTS)
def test_columns_are_the_public_ones(built: Project, product: str) -> None:
    """Predictions, quarantine, marts and history have the columns of the design and no others."""
    assert columns(built, f"lake.predictions.predictions_{product}") == PREDICTION_COLUMNS
    quarantine = columns(built, f"lake.predictions.quarantine_{product}")
    assert quarantine == [*PREDICTION_COLUMNS, ("reasons", "VARCHAR")]
    assert columns(built, f"lake.marts.{product}_predictions_v1") == MART_COLUMNS
    history = columns(built, f"lake.marts.{product}_prediction_history_v1")
    assert history == [
        *PREDICTION_COLUMNS,
        ("is_withdrawn", "BOOLEAN"),
        ("is_superseded", "BOOLEAN"),
        ("deprecated_on", "DATE"),
    ]


def test_two_versions_are_served_side_by_side(built: Project) -> None:
    """The same predictions; the older one names its last day, the newer one has typed reasons."""
    assert columns(built, "lake.marts.churn_predictions_v2") == [
        (name, "JSON" if name == "reason_codes" else kind) for name, kind in MART_COLUMNS
    ]
    both = built.query(
        "select output_schema_version, deprecated_on, count(*), sum(hash(prediction_id, score)) "
        "from (from lake.marts.churn_predictions_v1 union all by name "
        "from lake.marts.churn_predictions_v2) group by 1, 2 order by 1"
    )
    assert [row[:2] for row in both] == [("1.1", date(2027, 6, 30)), ("2.0", None)]
    assert both[0][2:] == both[1][2:]


def test_marts_have_no_unversioned_name(built: Project) -> None:
    """A consumer always names a version."""
    names = built.query(
        "select table_name from duckdb_tables() where schema_name = 'marts' "
        "union select view_name from duckdb_views() where schema_name = 'marts'"
    )
    assert names
    assert [name for (name,) in names if not re.search(r"_v\d+$", name)] == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_ledger_has_every_run(built: Project, product: str) -> None:
    """A run is started and published, with its snapshot, its rows and the code that made it."""
    found = {name for name, _ in columns(built, "lake.operations.run_ledger")}
    assert found >= LEDGER_COLUMNS
    started, published = built.query(
        "select status, run_id, invocation_id, feature_snapshot_id, rows_scored, rows_published, "
        "model_version, feature_version, code_version "
        f"from lake.operations.run_ledger where product = '{product}' order by entry"
    )
    assert (started[0], published[0]) == ("started", "published")
    assert started[1:3] == published[1:3]
    [(rows, run_id, snapshot_id, prediction_ids, model_version)] = built.query(
        "select count(*), min(run_id), min(feature_snapshot_id), count(distinct prediction_id), "
        f"min(model_version) from lake.predictions.predictions_{product}"
    )
    assert published[1] == run_id
    assert published[3:6] == (snapshot_id, rows, rows)
    assert published[6] == model_version
    assert published[7]
    assert published[8]
    assert prediction_ids == rows
    manifest = built.query(
        "select count(*) from lake.operations.snapshot_manifest "
        f"where feature_snapshot_id = '{snapshot_id}'"
    )
    assert manifest == [(1,)]


def summary(console: str) -> list[list[str]]:
    """The table at the end of a build's log: product, as-of, outcome, rows, ..., what to do."""
    lines = [line.split("  ", 1)[1] for line in console.splitlines() if "  " in line]
    [header] = [n for n, line in enumerate(lines) if line.split()[-3:] == ["what", "to", "do"]]
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines[header + 1 :]]
    return [row for row in cells if len(row) == 7]


def test_the_log_ends_with_a_table_of_attempts(built: Project) -> None:
    console = (built.warehouse.parent / "console.txt").read_text()
    rows = summary(console)
    assert [row[:4] for row in rows] == [
        [product, str(as_of), "published", str(rows)]
        for product, as_of, rows in built.query(
            "select product, as_of::date, rows_scored from lake.operations.run_ledger "
            "where status = 'published' order by product"
        )
    ]
    for product, *_, seconds, warnings, step in rows:
        warned = built.query(
            "select count(*) from lake.operations.output_checks "
            f"where product = '{product}' and severity = 'warn' and outcome = 'failed'"
        )
        assert [(int(warnings),)] == warned
        assert float(seconds) > 0
        assert step == "nothing"


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_run_has_five_passed_steps(built: Project, product: str) -> None:
    """The step log has the five steps of the run in their order, each with its times."""
    steps = built.query(
        "select step, step_number, status, started_at <= finished_at, message "
        f"from lake.operations.step_log where product = '{product}' order by step_number"
    )
    assert steps == [(step, n, "passed", True, None) for n, step in enumerate(STEPS, start=1)]


def test_every_feature_is_described(built: Project) -> None:
    """The catalogue explains at least 25 features, and exactly those that the snapshots have."""
    catalogue = built.frame("select * from lake.features.feature_catalogue order by position")
    assert len(catalogue) >= 25
    for column in catalogue.columns:
        assert catalogue[column].notna().all(), column
        assert (catalogue[column].astype(str).str.strip() != "").all(), column
    assert catalogue["meaning"].str.len().min() >= 10
    assert catalogue["online_safe"].dtype == bool
    snapshot = [name for name, _ in columns(built, "lake.features.feature_snapshots")]
    keys = ["as_of", "data_cutoff", "feature_version", "customer_id"]
    states = ["first_order_at", "last_order_at", "last_event_at"]
    assert sorted(catalogue["name"]) == sorted(set(snapshot) - set(keys) - set(states))


@pytest.mark.parametrize("product", PRODUCTS)
def test_predictions_are_stored_sorted_and_compressed(built: Project, product: str) -> None:
    """So that a query of one customer reads one row group of each file."""
    folder = built.warehouse / "lake" / "predictions" / f"predictions_{product}"
    files = list(folder.rglob("*.parquet"))
    assert files
    for file in files:
        customers = pq.read_table(file, columns=["customer_id"])["customer_id"].to_pylist()
        assert customers == sorted(customers)
        assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("product", PRODUCTS)
def test_mart_serves_the_whole_eligible_population(built: Project, product: str) -> None:
    """Each customer whom the contract calls eligible has one row, and nobody else has."""
    [(contract_json,)] = built.query(
        "select contract_json from lake.operations.prediction_contracts "
        f"where product = '{product}'"
    )
    condition = json.loads(contract_json)["eligible_population"]["condition"]
    mart = f"lake.marts.{product}_predictions_v1"
    eligible = built.query(
        "select customer_id from lake.features.feature_snapshots "
        f"where as_of = (select max(as_of) from {mart}) and ({condition}) order by 1"
    )
    assert built.query(f"select customer_id from {mart} order by 1") == eligible
    assert eligible


def lake_snapshots(project: Project) -> int:
    """How many transactions the lake has seen."""
    [(newest,)] = project.query("select max(snapshot_id) from ducklake_snapshots('lake')")
    return int(newest)


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)], ids=["plain", "full_refresh"])
def test_a_second_build_changes_nothing(fresh: Fresh, arguments: tuple[str, ...]) -> None:
    """Repeating a build, even with --full-refresh, says that nothing is due and leaves every row of
    snapshots, predictions, marts and ledger as it was. Its log is a page without escape codes.
    """
    project = fresh()
    before = contents(project)
    snapshots = lake_snapshots(project)
    console = project.build(
        *arguments,
        tests="none" if arguments else "all",
        env={"BUILD_LOG": "nodes" if arguments else ""},
    ).stdout
    assert "Nothing is due and nothing is new" in console
    assert contents(project) == before
    if not arguments:
        lines = console.splitlines()
        assert len(lines) < 30
        assert "\x1b" not in console
        [last] = [number for number, line in enumerate(lines) if "Nothing is due" in line]
        assert all("Completed" in line or "Done." in line for line in lines[last + 1 :])
        assert lake_snapshots(project) == snapshots + 1, "more than the plan was recorded"
    if arguments:
        assert "predictions_churn" in console
        assert "is append-only: --full-refresh is refused, its rows stay." in console


@pytest.mark.parametrize(
    ("product", "hours"), [("churn", 72), ("clv", 336), ("segmentation", 1080)]
)
def test_old_predictions_are_stale_for_the_reader(old: Project, product: str, hours: int) -> None:
    """A mart that no job renewed turns stale by the reader's own clock, and blocks actions."""
    reason = f"The predictions are older than the {hours} hours that the contract allows."
    assert age(old, product) == ("stale", "last_known_good", False, reason)
    [(age_hours, expected)] = old.query(
        "select max(age_hours), date_diff('second', max(as_of), "
        "cast(now() at time zone 'UTC' as timestamp)) / 3600 "
        f"from lake.marts.{product}_predictions_v1"
    )
    assert float(age_hours) == pytest.approx(expected, abs=0.1)


def test_a_build_with_the_real_clock_is_fresh(fresh: Fresh, tmp_path: Path) -> None:
    """What `make build` does for a newcomer: data until today, no frozen clock, and all three marts
    are fresh and may be acted on.
    """
    today = datetime.now(timezone.utc).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    generate(400, today, tmp_path / "raw", progress=False)
    project = fresh(empty=True, raw_data=tmp_path / "raw")
    project.build(env={"PREDICTION_NOW": ""})
    for product in PRODUCTS:
        assert age(project, product) == ("fresh", "current", True, None)
        [(late, early)] = project.query(
            "select max(predicted_at) <= cast(now() at time zone 'UTC' as timestamp), "
            f"min(fresh_until) > min(predicted_at) from lake.marts.{product}_predictions_v1"
        )
        assert (late, early) == (True, True)


def with_churn_maximum(folder: Path, maximum: float) -> Path:
    """Edit the churn contract of a project copy, so that no healthy run passes."""
    file = folder / "models" / "products" / "churn" / "_churn__models.yml"
    text = file.read_text()
    for former, new in (
        (
            "valid_range: {minimum: 0, maximum: 1}",
            f"valid_range: {{minimum: 0, maximum: {maximum}}}",
        ),
        ("            score: 0.5\n", f"            score: {maximum}\n"),  # the conservative default
    ):
        assert former in text
        text = text.replace(former, new)
    file.write_text(text)
    return folder


@pytest.mark.slow
def test_a_failed_check_quarantines_the_whole_run(fresh: Fresh, tmp_path: Path) -> None:
    """A run with scores out of the contract's range is not published, and nobody else suffers.

    It is kept whole in quarantine with the reasons, the scheduler sees a failure, the other
    products are published, and churn's consumers go on with the last known good predictions.
    Building the slot again fails again and adds nothing.
    """
    generate(CUSTOMERS, datetime(2027, 2, 1), tmp_path / "raw", progress=False)
    folder = with_churn_maximum(copy_of_project(tmp_path), 0.2)
    project = fresh(folder=folder, raw_data=tmp_path / "raw")
    accept_raw_files(project)
    served = f"(select {SCORES} from lake.marts.churn_predictions_v1)"
    healthy = project.digest(served)
    first = project.build(env={"PREDICTION_NOW": MONDAY_THE_FIRST}, tests="verdicts", check=False)

    assert first.returncode != 0, first.stdout
    assert "no_unresolved_quarantine" in first.stdout
    churn, *others = summary(first.stdout)
    assert churn[:3] == ["churn", "2027-02-01", "quarantined"]
    assert churn[-1].startswith("read its failed checks in lake.operations.output_checks")
    assert [row[2] for row in others] == ["published", "published"]
    states = project.query(
        "select product, status from lake.operations.run_states "
        "where as_of = '2027-02-01' order by 1"
    )
    assert states == [("churn", "quarantined"), ("clv", "published"), ("segmentation", "published")]
    for product in ("clv", "segmentation"):
        mart = f"lake.marts.{product}_predictions_v1"
        assert project.query(f"select max(as_of) from {mart}") == [(datetime(2027, 2, 1),)]

    [(run_id, reason, rows_scored, rows_published)] = project.query(
        "select run_id, reason, rows_scored, rows_published from lake.operations.run_ledger "
        "where product = 'churn' and status = 'quarantined'"
    )
    assert re.fullmatch(
        rf"score_in_range: \d+ of {rows_scored} scores lie outside the valid range 0 to 0.2\.",
        reason,
    )
    assert rows_published == 0
    quarantined = project.query(
        "select count(*), count(distinct customer_id), min(reasons), max(reasons) "
        f"from lake.predictions.quarantine_churn where run_id = '{run_id}'"
    )
    assert quarantined == [(rows_scored, rows_scored, reason, reason)]
    assert rows_scored > 0
    predictions = "lake.predictions.predictions_churn"
    published = project.query(f"select count(*) from {predictions} where run_id = '{run_id}'")
    assert published == [(0,)]
    failed = project.query(
        "select check_name, severity, threshold from lake.operations.output_checks "
        f"where run_id = '{run_id}' and outcome = 'failed'"
    )
    assert failed == [("score_in_range", "block", 0.0)]
    assert project.digest(served) == healthy
    assert age(project, "churn")[1] == "last_known_good"

    before = contents(project)
    second = project.build(env={"PREDICTION_NOW": MONDAY_THE_FIRST}, tests="verdicts", check=False)
    assert second.returncode != 0, second.stdout
    assert "quarantined, waits for a review" in second.stdout
    assert contents(project) == before
