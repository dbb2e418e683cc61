"""Unusable raw tables stop a build; unusable rows are rejected one by one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.fixtures import Fresh
from tests.support.project import PREDICTIONS, PRODUCTS, Project, copy_of_project

COLUMNS = {
    "customers": ["customer_id", "signed_up_at", "country", "loaded_at"],
    "orders": [
        "order_id",
        "customer_id",
        "ordered_at",
        "amount",
        "quantity",
        "product_count",
        "loaded_at",
    ],
    "events": ["event_id", "customer_id", "event_type", "occurred_at", "loaded_at"],
}


PREDICTED = "customer_id, run_id, score, score_lower, score_upper, label, reason_codes"


Row = dict[str, str | None]


def write(sql: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"copy ({sql}) to '{file}' (format parquet)")


def write_as_text(demo_raw: Path, raw: Path, table: str, further: Sequence[Row]) -> None:
    """A table of the demo data with every column as text, and further rows."""
    names = COLUMNS[table]
    as_text = ", ".join(f"cast({name} as text) as {name}" for name in names)
    selects = [f"select {as_text} from '{demo_raw}/{table}.parquet'"]
    for row in further:
        values = [row.get(name) for name in names]
        literals = ["null" if value is None else f"'{value}'" for value in values]
        selects.append("select " + ", ".join(literals))
    write(" union all ".join(selects), raw / f"{table}.parquet")


def rejected(project: Project, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Of the rejected records in the working set, some columns or counts."""
    with duckdb.connect(str(project.warehouse / "warehouse.duckdb"), read_only=True) as working_set:
        return working_set.execute(
            f"select {columns} from staging.rejected_records where {where} "
            "group by all order by all"
        ).fetchall()


def predictions(project: Project) -> dict[str, tuple[int, str]]:
    """The content of every product's predictions, but for what names the attempt."""
    return {
        product: project.digest(f"(select {PREDICTED} from lake.predictions.predictions_{product})")
        for product in PRODUCTS
    }


def test_unusable_tables_are_all_named_and_nothing_is_built(fresh: Fresh, tmp_path: Path) -> None:
    """A missing table or column, a wrong type, or two versions of a table stop the build.

    One message names every table and column, what was expected and what was found. The ledger has
    no attempt, and readers still have what was published before.
    """
    raw = tmp_path / "raw"
    write(
        "select 'O1' as order_id, 'C1' as customer_id, true as ordered_at, [1.5::double] as amount,"
        " 1 as quantity, timestamp '2026-11-01' as loaded_at",
        raw / "orders.parquet",
    )
    for name in ("events.parquet", "events/part-1.parquet"):
        write("select 'E1' as event_id", raw / name)
    project = fresh(raw_data=raw)
    ledger = project.digest("lake.operations.run_ledger")
    result = project.build(env={"PREDICTION_NOW": "2026-11-24T07:00:00"}, check=False)

    assert result.returncode != 0
    lines = {line.strip() for line in result.stdout.splitlines()}
    assert sorted(line for line in lines if line.startswith("- table ")) == [
        (
            f"- table customers is missing: expected {raw}/customers.parquet, .csv or .csv.gz, "
            f"or such files in the folder {raw}/customers/."
        ),
        f"- table events: {raw}/events.parquet and {raw}/events exist; keep one of them.",
        (
            "- table orders: column amount has type DOUBLE[], expected decimal, "
            f"in {raw}/orders.parquet. Cast it in the export."
        ),
        (
            "- table orders: column ordered_at has type BOOLEAN, expected timestamp, "
            f"in {raw}/orders.parquet. Cast it in the export."
        ),
        (
            f"- table orders: column product_count (integer) is missing in {raw}/orders.parquet; "
            "found order_id, customer_id, ordered_at, amount, quantity, loaded_at."
        ),
    ]
    assert "Nothing was built." in result.stdout
    assert project.digest("lake.operations.run_ledger") == ledger
    for product in PRODUCTS:
        assert project.query(f"select count(*) > 0 from lake.marts.{product}_predictions_v1")[0][0]


def test_unreadable_values_are_kept_apart(
    fresh: Fresh, built: Project, demo_raw: Path, tmp_path: Path
) -> None:
    """Tables of text are read like typed ones; a row that cannot be read is rejected.

    It is kept as it came, with the reason, and changes no prediction.
    """
    raw = tmp_path / "raw"
    customer_id = str(
        duckdb.sql(f"select min(customer_id) from '{demo_raw}/customers.parquet'").fetchall()[0][0]
    )
    order: Row = {
        "order_id": "X",
        "customer_id": customer_id,
        "ordered_at": "2026-10-02 10:00:00",
        "amount": "12.50",
        "quantity": "1",
        "product_count": "1",
        "loaded_at": "2026-10-02 11:00:00",
    }
    bad_orders: dict[str, Row] = {
        "amount cannot be parsed": {"amount": "twelve"},
        "amount is not finite": {"amount": "NaN"},
        "amount is null": {"amount": None},
        "amount is absurd": {"amount": "-1000000.01"},
        "quantity cannot be parsed": {"quantity": "many"},
        "product_count cannot be parsed": {"product_count": "a few"},
        "ordered_at cannot be parsed": {"ordered_at": "yesterday"},
        "ordered_at is null": {"ordered_at": None},
        "ordered_at lies after loaded_at": {"ordered_at": "2026-10-03 10:00:00"},
        "loaded_at cannot be parsed": {"loaded_at": "31.09.2026"},
        "loaded_at is null": {"loaded_at": None},
        "order_id is null or blank": {"order_id": "  "},
        "customer_id is null or blank": {"customer_id": None},
        "customer is unknown": {"customer_id": "nobody"},
    }
    keyed: list[Row] = [
        {**order, "order_id": f"X{number}", **change}
        for number, change in enumerate(bad_orders.values(), start=1)
    ]
    write_as_text(demo_raw, raw, "orders", keyed)
    bad_customers: list[Row] = [
        {"customer_id": "X1", "signed_up_at": "soon", "loaded_at": "2026-10-02"},
        {"customer_id": "X2", "signed_up_at": "2026-10-03", "loaded_at": "2026-10-02"},
    ]
    write_as_text(demo_raw, raw, "customers", bad_customers)
    event: Row = {
        "event_id": "X1",
        "customer_id": customer_id,
        "event_type": "visit",
        "occurred_at": "2026-10-02",
        "loaded_at": "2026-10-02",
    }
    bad_events: list[Row] = [{**event, "occurred_at": "often"}, {**event, "event_type": " "}]
    write_as_text(demo_raw, raw, "events", bad_events)
    project = fresh(empty=True, raw_data=raw)
    project.build(*PREDICTIONS, "rejected_records")

    in_demo_data = dict(rejected(built, "reason, count(*)", "source = 'orders'"))
    expected = {reason: in_demo_data.get(reason, 0) + 1 for reason in bad_orders}
    assert dict(rejected(project, "reason, count(*)", "source = 'orders'")) == expected
    assert rejected(project, "source, key, reason", "source <> 'orders'") == [
        ("customers", "X1", "signed_up_at cannot be parsed"),
        ("customers", "X2", "signed_up_at lies after loaded_at"),
        ("events", "X1", "event_type is null or blank"),
        ("events", "X1", "occurred_at cannot be parsed"),
    ]
    for row, reason in zip(keyed, bad_orders, strict=True):
        rows_json = rejected(project, "row_json", f"source = 'orders' and reason = '{reason}'")
        assert row in [json.loads(row_json) for (row_json,) in rows_json], reason
    assert predictions(project) == predictions(built)


def test_folders_of_files_give_the_same_predictions(
    fresh: Fresh, built: Project, demo_raw: Path, tmp_path: Path
) -> None:
    """A table may be a folder of files, and amounts DOUBLE; NaN and infinities are rejected."""
    raw = tmp_path / "raw"
    orders = f"from '{demo_raw}/orders.parquet'"
    as_double = "select * replace (cast(amount as double) as amount)"
    for part, special in enumerate(("nan", "-infinity", "infinity")):
        not_finite = f"select * replace (cast('{special}' as double) as amount)"
        write(
            f"{as_double} {orders} where md5_number_lower(coalesce(order_id, '')) % 3 = {part} "
            f"union all ({not_finite} {orders} where trim(order_id) > '' order by all limit 1)",
            raw / "orders" / f"part-{part}.parquet",
        )
    for table in ("customers", "events"):
        write(f"from '{demo_raw}/{table}.parquet'", raw / table / "part-1.parquet")
    project = fresh(empty=True, raw_data=raw)
    project.build(*PREDICTIONS, "rejected_records")
    assert rejected(project, "count(*)", "reason = 'amount is not finite'") == [(3,)]
    assert predictions(project) == predictions(built)


def test_events_may_be_empty(fresh: Fresh, built: Project, demo_raw: Path, tmp_path: Path) -> None:
    """Without a single event everybody is scored all the same, with event counts of zero. A model
    that was trained on events is not let through, though: the reason names the empty features.
    """
    raw = tmp_path / "raw"
    for table, condition in (("customers", "true"), ("orders", "true"), ("events", "false")):
        write(f"from '{demo_raw}/{table}.parquet' where {condition}", raw / f"{table}.parquet")
    project = fresh(empty=True, raw_data=raw)
    project.build("--select", "+path:models/products/churn", check=False)
    assert project.query(
        "select sum(event_count_30d), sum(event_count_90d), max(days_since_last_event) "
        "from lake.features.feature_snapshots"
    ) == [(0, 0, None)]
    everybody = built.query("select customer_id from lake.marts.churn_predictions_v1 order by 1")
    quarantined = "select customer_id from lake.predictions.quarantine_churn order by 1"
    assert project.query(quarantined) == everybody
    blocking = project.query(
        "select distinct check_name, scope from lake.operations.output_checks "
        "where outcome = 'failed' and severity = 'block' order by 2"
    )
    assert [each for each in blocking if each[0] == "feature_psi"] == [
        ("feature_psi", "event_count_30d"),
        ("feature_psi", "event_count_90d"),
    ]
    # What the model makes of customers unlike those that it has learned from.
    assert {check for check, _ in blocking} <= {"feature_psi", "score_psi"}


@pytest.mark.slow
def test_a_model_that_learned_without_events_is_let_through_without_them(
    fresh: Fresh, demo_raw: Path, tmp_path: Path
) -> None:
    """No check, blocking or not, speaks of features that were as empty in training."""
    raw = tmp_path / "raw"
    for table, condition in (("customers", "true"), ("orders", "true"), ("events", "false")):
        write(f"from '{demo_raw}/{table}.parquet' where {condition}", raw / f"{table}.parquet")
    project = fresh(empty=True, raw_data=raw, folder=copy_of_project(tmp_path))
    project.command(
        *("train", "churn", "--as-of", "2026-03-01", "--as-of", "2026-05-01"),
        *("--calibrate-on", "2026-07-30", "--calibrate-on", "2026-08-15"),
        *("--model-version", "1.1.0", "--pin-from", "2026-11-23"),
    )
    project.build("--select", "+path:models/products/churn", check=False)
    failed = project.query(
        "select check_name, scope, severity, message from lake.operations.output_checks"
        " where outcome = 'failed' and contains(scope, 'event')"
    )
    assert failed == []
    assert project.query(
        "select status, model_version from lake.operations.run_ledger"
        " where status in ('published', 'quarantined', 'failed')"
    ) == [("published", "1.1.0")]


def test_a_broken_source_stops_before_the_features(
    fresh: Fresh, demo_raw: Path, tmp_path: Path
) -> None:
    """Where most of a table is unusable, nothing is built from it, and the ledger says why."""
    raw = tmp_path / "raw"
    raw.mkdir()
    with duckdb.connect() as connection:
        for table in ("customers", "orders", "events"):
            broken = "* replace (null::text as customer_id)" if table == "orders" else "*"
            connection.execute(
                f"copy (select {broken} from '{demo_raw}/{table}.parquet') "
                f"to '{raw}/{table}.parquet'"
            )
    project = fresh(empty=True, raw_data=raw)
    result = project.build(tests="verdicts", check=False)
    assert result.returncode != 0
    assert project.query("select count(*) from lake.operations.snapshot_manifest") == [(0,)]
    reasons = project.query(
        "select product, reason from lake.operations.run_ledger where status = 'failed' order by 1"
    )
    assert [product for product, _ in reasons] == list(PRODUCTS)
    for _, reason in reasons:
        assert "too_many_orders_rejected" in reason
        assert "staging.rejected_records says why" in reason
