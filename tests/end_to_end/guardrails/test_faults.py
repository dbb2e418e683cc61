"""Faults injected into healthy runs: exactly the checks concerned find each.

Every test starts from a warehouse with a healthy previous batch and builds the next day's churn run
in a copy of the project with one fault.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import skops.io

from python_scoring.models.artifacts import CARD_FILE, MODEL_FILE, parse, sha256
from tests.support.artifacts import demo_artifact
from tests.support.faults import edit, rows
from tests.support.fixtures import Fresh
from tests.support.project import CHURN_RUN, Project, copy_of_project

NEXT_DAY = "2026-11-24T07:00:00"


SNAPSHOTS = Path("models/features/feature_snapshots.sql")


Check = tuple[str, str]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Fault:
    """What is broken, and the checks of severity block, and of severity warn, that must fail."""

    inject: Callable[[Path], object]
    blocks: set[Check]
    warns: set[Check]
    says: str


def feature(name: str, value: str) -> Callable[[Path], None]:
    """A fault of the feature SQL: the feature `name` becomes `value`."""

    def inject(folder: Path) -> None:
        plain = "\n    {{ feature.name }}\n"
        broken = f"{{{{ '{value}' if feature.name == '{name}' else feature.name }}}}"
        edit(folder, SNAPSHOTS, plain, f"\n    {broken} as {{{{ feature.name }}}}\n")

    return inject


def snapshot(suffix: str) -> Callable[[Path], None]:
    """A fault of the snapshot: its query goes on with `suffix`."""

    def inject(folder: Path) -> None:
        with (folder / SNAPSHOTS).open("a") as sql:
            sql.write(suffix)

    return inject


def stale_features(folder: Path) -> None:
    """The former day's features under the new as-of."""
    (folder / SNAPSHOTS).write_text(
        "select plan.as_of, plan.data_cutoff, plan.feature_version, "
        "former.* exclude (as_of, data_cutoff, feature_version) "
        "from {{ ref('snapshot_plan') }} as plan "
        "cross join lake.features.feature_snapshots as former\n"
        "where former.as_of = timestamp '2026-11-23'\n"
        "-- {{ ref('customers_as_of') }} {{ ref('order_features') }} {{ ref('event_features') }}\n"
    )


# The demo model's inner values: scikit-learn has no public way to change a fitted tree.
# ruff: noqa: SLF001
def turn_sign(estimator: Any) -> None:
    estimator._baseline_prediction = -estimator._baseline_prediction
    for iteration in estimator._predictors:
        for tree in iteration:
            tree.nodes["value"] *= -1


def shift_slightly(estimator: Any) -> None:
    estimator._baseline_prediction = estimator._baseline_prediction + 0.01


def register(
    folder: Path, model_version: str, change: Callable[[Any], None], *, pin: bool = False
) -> None:
    """Register the changed demo model in the copy, as `model_version`, in all honesty."""
    row, card, content = demo_artifact("churn")
    estimator = parse(content, card, Path(row.artifact_path))
    change(estimator)
    content = skops.io.dumps(estimator)
    card = replace(card, model_version=model_version)
    target = Path("python_scoring/artifacts/churn") / model_version
    (folder / target).mkdir(exist_ok=True)
    (folder / target / MODEL_FILE).write_bytes(content)
    (folder / target / CARD_FILE).write_text(card.to_json())
    registry = folder / "seeds" / "model_registry.csv"
    with registry.open(newline="") as lines:
        entries = list(csv.DictReader(lines))
    [*_, present] = [entry for entry in entries if entry["product"] == "churn"]
    entry = {
        **present,
        "model_version": model_version,
        "artifact_path": str(target / MODEL_FILE),
        "artifact_sha256": sha256(content),
        "training_config_sha256": sha256(card.to_json().encode()),
    }
    if model_version == present["model_version"]:
        entries.remove(present)
    with registry.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(entry))
        writer.writeheader()
        writer.writerows([*entries, entry])
    if pin:
        with (folder / "seeds" / "model_pins.csv").open("a") as pins:
            pins.write(f"churn,{model_version},2026-11-24 00:00:00,test,a turned sign\n")


FAULTS = {
    "scores outside the range": Fault(
        rows("frame.assign(score=frame.score.where(frame.index % 50 != 0, 1.5))"),
        {("score_in_range", "score"), ("bounds_enclose_score", "score")},
        set(),
        "scores lie outside the valid range 0 to 1.",
    ),
    "2% NaN": Fault(
        rows("frame.assign(score=frame.score.where(frame.index % 50 != 0, float('nan')))"),
        {("score_finite", "score"), ("bounds_enclose_score", "score")},
        set(),
        "scores are not numbers or are infinite.",
    ),
    "constant scores": Fault(
        rows("frame.assign(score=0.5, label='medium')"),
        {
            ("bounds_enclose_score", "score"),
            ("score_spread", "former batch"),
            ("score_spread", "training reference"),
            ("score_psi", "former batch"),
            ("score_psi", "training reference"),
            ("score_jumps", "former batch"),
            ("labels_changed", "former batch"),
            ("label_share", "high"),
            ("label_share", "low"),
            ("label_share", "medium"),
        },
        {
            ("expected_discrimination", "auc"),
            ("label_present", "high"),
            ("label_present", "low"),
            ("score_jensen_shannon", "former batch"),
            ("score_jensen_shannon", "training reference"),
            ("score_kolmogorov_smirnov", "former batch"),
            ("score_kolmogorov_smirnov", "training reference"),
            ("score_quantile_shift", "training reference"),
        },
        "At least eight in ten customers have the same score, 0.500;",
    ),
    "a model with flipped sign": Fault(
        lambda folder: register(folder, "1.0.4", turn_sign, pin=True),
        {("rank_agreement", "former batch")},
        {
            ("model_change", "model_version"),
            ("label_share", "high"),
            ("label_share", "low"),
            ("score_psi", "training reference"),
            ("score_quantile_shift", "training reference"),
        },
        "ranked the other way round",
    ),
    "one feature scaled by 100": Fault(
        feature("average_order_value", "cast(100 * average_order_value as decimal(18, 2))"),
        {("feature_psi", "average_order_value"), ("feature_extremes", "average_order_value")},
        set(),
        "are not like those that the model was trained on in average_order_value",
    ),
    "one feature all null": Fault(
        feature("average_product_count", "cast(null as decimal(18, 2))"),
        {("feature_nulls", "average_product_count")},
        set(),
        "100.0% of the customers have no average_product_count",
    ),
    "half of the customers missing": Fault(
        snapshot("where right(states.customer_id, 1) in ('0', '2', '4', '6', '8')\n"),
        {
            ("population_change", "former batch"),
            ("customers_left", "former batch"),
            ("left_unexplained", "former batch"),
        },
        set(),
        "no longer in the feature snapshot",
    ),
    "half of the customers not scored": Fault(
        rows("frame[frame.index % 2 == 0]"),
        {
            ("coverage", "customer_id"),
            ("population_change", "former batch"),
            ("customers_left", "former batch"),
            ("left_unexplained", "former batch"),
        },
        set(),
        "eligible customers have no prediction.",
    ),
    "customers duplicated": Fault(
        rows("pd.concat([frame, frame.head(5)])"),
        {("customer_unique", "customer_id")},
        set(),
        "5 predictions are of customers who were scored already.",
    ),
    "stale features fed again": Fault(
        stale_features,
        {("snapshot_renewed", "former batch")},
        set(),
        "stale features were fed again",
    ),
    "a label never seen": Fault(
        rows("frame.assign(label=frame.label.where(frame.index % 50 != 0, 'platinum'))"),
        {("label_known", "label")},
        set(),
        "labels are not in the contract.",
    ),
    "another model under the same version": Fault(
        lambda folder: register(folder, "1.0.3", shift_slightly),
        {("model_unchanged", "model_version")},
        set(),
        "is not the one that was published before under this version",
    ),
}


def failed_checks(project: Project, run_id: str, severity: str) -> set[Check]:
    return set(
        project.query(
            "select check_name, scope from lake.operations.output_checks "
            f"where run_id = '{run_id}' and outcome = 'failed' and severity = '{severity}'"
        )
    )


def assert_blocked(project: Project, fault: Fault) -> None:
    """The run is whole in quarantine with the reason, and the former batch is served."""
    [(run_id, reason, scored)] = project.query(
        "select run_id, reason, rows_scored from lake.operations.run_ledger "
        "where product = 'churn' and status = 'quarantined'"
    )
    assert failed_checks(project, run_id, "block") == fault.blocks
    assert failed_checks(project, run_id, "warn") == fault.warns
    assert fault.says in reason
    quarantined = project.query(
        "select count(*), min(reasons), max(reasons) from lake.predictions.quarantine_churn "
        f"where run_id = '{run_id}'"
    )
    assert quarantined == [(scored, reason, reason)]
    served = project.query(
        "select distinct cast(as_of as date)::text, served_as from lake.marts.churn_predictions_v1"
    )
    assert served == [("2026-11-23", "last_known_good")]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_by_its_checks(fresh: Fresh, tmp_path: Path, name: str) -> None:
    """The expected checks fail, with their severity, and no others; nothing bad is published."""
    fault = FAULTS[name]
    folder = copy_of_project(tmp_path)
    fault.inject(folder)
    project = fresh(folder=folder)
    result = project.build(
        *CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY}, tests="verdicts", check=False
    )
    assert result.returncode != 0, result.stdout
    assert fault.says in result.stdout, result.stdout
    assert_blocked(project, fault)


def with_new_customers(raw: Path, target: Path, count: int) -> Path:
    """The raw data with `count` customers more, who all signed up and ordered once on one day."""
    target.mkdir()
    with duckdb.connect() as connection:
        for table, more in {
            "customers": "select 'X' || i as customer_id,"
            " timestamp '2026-11-23 08:00' as signed_up_at,"
            " 'GB' as country, timestamp '2026-11-23 09:00' as loaded_at",
            "orders": "select 'X' || i as order_id, 'X' || i as customer_id,"
            " timestamp '2026-11-23 10:00' as ordered_at, 9.9 as amount, 1 as quantity,"
            " 1 as product_count, timestamp '2026-11-23 11:00' as loaded_at",
            "events": None,
        }.items():
            added = f"union all by name {more} from range({count}) as t (i)" if more else ""
            connection.execute(
                f"copy (from read_parquet('{raw / table}*') {added}) to '{target / table}.parquet'"
            )
    return target


def test_a_shifted_population_is_found(fresh: Fresh, demo_raw: Path, tmp_path: Path) -> None:
    """An import of customers who are not like those of the training: the move is explained as new
    sign-ups, and the features that differ are named.
    """
    project = fresh(raw_data=with_new_customers(demo_raw, tmp_path / "raw", 300))
    project.build(*CHURN_RUN, env={"PREDICTION_NOW": NEXT_DAY}, check=False)
    [(run_id, reason)] = project.query(
        "select run_id, reason from lake.operations.run_ledger where status = 'quarantined'"
    )
    assert (
        "300 customers are new since the former batch: 300 signed up, 0 became eligible" in reason
    )
    blocked = {name for name, _ in failed_checks(project, run_id, "block")}
    assert blocked >= {"population_change", "customers_entered", "feature_psi"}
    assert not blocked & {"entered_unexplained", "coverage", "customer_eligible", "model_unchanged"}
    assert (
        project.query(
            "select membership, customers from lake.operations.label_migrations "
            f"where run_id = '{run_id}' and membership like '%unexplained'"
        )
        == []
    )


def test_a_feed_that_stopped_is_found(fresh: Fresh) -> None:
    """A week without an order, though a week's features were computed."""
    project = fresh()
    project.build(*CHURN_RUN, env={"PREDICTION_NOW": "2026-11-30T07:00:00"}, check=False)
    [(run_id, reason)] = project.query(
        "select run_id, reason from lake.operations.run_ledger where status = 'quarantined'"
    )
    assert failed_checks(project, run_id, "block") == {("recent_activity", "snapshot")}
    assert "0 of " in reason
    assert "a feed has stopped" in reason
