"""Queries of the report: read the warehouse once into `Records`."""

from contextlib import suppress
from dataclasses import fields
from typing import Any, TypeVar

import duckdb

from python_scoring.clock import clock, frozen_clock
from python_scoring.errors import ArtifactError, InputError
from python_scoring.models import artifacts
from python_scoring.models.registry import Registry
from python_scoring.project import code_version
from python_scoring.report import records
from python_scoring.report.records import Records
from python_scoring.warehouse import Warehouse, connect_lake

# Served predictions of each product, and since when it is in service.
FRESHNESS = (
    "(from lake.operations.prediction_freshness join (select product, in_service_since"
    " from lake.operations.product_services) using (product))"
)
# Batches of a product that are shown, even if the report's days hold fewer.
FEWEST_BATCHES = 12
# Columns that fit on a phone.
MOST_COLUMNS = 30

Row = TypeVar("Row")


def read_warehouse(warehouse: Warehouse, days: int) -> Records:
    """Read everything that the report needs from `warehouse`, at the present clock.

    Raises InputError if nothing was built yet, or by a version without some of the tables.
    """
    with connect_lake(warehouse) as lake:
        try:
            return _read(lake, warehouse, days)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise of_another_version(warehouse, error) from error


def of_another_version(warehouse: Warehouse, error: duckdb.Error) -> InputError:
    """Return the error for a warehouse that lacks a table or column which this version reads."""
    what = str(error).splitlines()[0].split(": ", 1)[-1]
    return InputError(
        f"{warehouse.folder} was built by another version of this project, or not to the "
        f"end: {what} Run `dbt build` once, then try again."
    )


def _read(lake: duckdb.DuckDBPyConnection, warehouse: Warehouse, days: int) -> Records:
    now = clock()
    # All views that judge by the reader's clock use one instant.
    lake.execute("set variable prediction_now = ?", [str(now)])
    since = f"timestamp '{now}' - interval {days} day"
    # The days of the report, or the newest dozen batches if the days hold fewer.
    is_shown = f"(as_of >= {since} or newest <= {FEWEST_BATCHES})"
    is_column = f"{is_shown} and newest <= {MOST_COLUMNS}"
    is_news = (
        f"(opened_at >= {since} or resolved_at >= {since} "
        "or status not in ('resolved', 'reviewed'))"
    )
    return Records(
        now=now.replace(microsecond=0),
        is_clock_frozen=frozen_clock() is not None,
        days=days,
        warehouse=str(warehouse.folder),
        code_version=code_version(),
        contracts=read_rows(lake, records.Contract, "lake.operations.prediction_contracts"),
        freshness=read_rows(lake, records.Freshness, FRESHNESS),
        attainment=read_rows(
            lake, records.Attainment, "lake.operations.sla_attainment", "product, window_days"
        ),
        deadlines=read_rows(
            lake,
            records.Deadline,
            f"(from lake.operations.sla_records where kind = 'slot' and deadline > {since}"
            f" and deadline <= timestamp '{now}')",
            "product, as_of",
        ),
        attempts=read_rows(lake, records.Attempt, "lake.operations.attempts", "product, attempt"),
        breaches=read_rows(
            lake,
            records.Breach,
            "lake.operations.sla_breaches",
            "deadline desc, product, kind, as_of",
        ),
        incidents=read_rows(
            lake,
            records.Incident,
            f"(from lake.operations.incidents where {is_news})",
            "opened_at desc, incident_id",
        ),
        events=read_rows(
            lake,
            records.IncidentEvent,
            f"(from lake.report.incident_timeline where {is_news})",
            "event_number",
        ),
        duties=read_rows(
            lake,
            records.Duty,
            "(from lake.operations.review_duties where not is_done)",
            "due_on, incident_id, duty, subject",
        ),
        runs=read_rows(
            lake, records.Run, "lake.operations.run_states", "product, as_of, last_entry"
        ),
        batches=read_rows(
            lake,
            records.Batch,
            f"(from lake.report.slot_batches where {is_shown})",
            "product, as_of",
        ),
        check_counts=read_rows(
            lake,
            records.CheckCount,
            f"(from lake.report.check_counts where {is_column})",
            "run_id, check_name",
        ),
        findings=read_rows(
            lake,
            records.Finding,
            f"(from lake.report.check_findings where {is_column})",
            "newest, outcome, severity, check_name, scope",
        ),
        stability=read_rows(
            lake,
            records.Stability,
            f"(from lake.report.score_stability where {is_shown})",
            "scope, as_of",
        ),
        limits=read_rows(
            lake,
            records.Limit,
            "(from lake.operations.check_limits where check_name = 'score_psi' and applies)",
            "product, scope",
        ),
        bands=read_rows(
            lake,
            records.Band,
            f"(from lake.report.score_bands where {is_shown})",
            "run_id, tenth",
        ),
        label_sizes=read_rows(
            lake,
            records.LabelSize,
            f"(from lake.report.label_sizes where {is_column})",
            "run_id, label",
        ),
        moves=read_rows(
            lake,
            records.Move,
            "lake.report.label_moves",
            "product, label_before, label_after, customers",
        ),
        reasons=read_rows(
            lake,
            records.Reason,
            f"(from lake.report.reason_features where {is_shown})",
            "product, feature",
        ),
        challenges=read_rows(
            lake,
            records.Challenge,
            f"(from lake.report.newest_challenges where as_of >= {since})",
            "product, challenger_version",
        ),
        # The run is a horizon old, so the day of the measurement counts as news.
        challenge_outcomes=read_rows(
            lake,
            records.ChallengeOutcome,
            f"(from lake.report.newest_challenger_outcomes where outcomes_measured_at >= {since})",
            "product, challenger_version",
        ),
        step_times=read_rows(
            lake,
            records.StepTime,
            f"(from lake.report.step_times where attempt <= {MOST_COLUMNS})",
            "product, attempt, step_number",
        ),
        outcomes=read_rows(
            lake, records.Outcome, "lake.operations.outcome_scores", "product, as_of, recorded_at"
        ),
        evaluations=_evaluations(lake),
    )


def _evaluations(lake: duckdb.DuckDBPyConnection) -> list[records.Evaluation]:
    """Evaluations in the cards of the served models; an unreadable card fails the build."""
    served = lake.execute(
        "select product, model_version from lake.operations.prediction_freshness order by product"
    ).fetchall()
    found = []
    for product, model_version in served:
        if model_version is None:  # never published
            continue
        with suppress(ArtifactError):
            card = artifacts.load_card(Registry().find(product, model_version))
            found.append(records.Evaluation(product, card.metrics))
    return found


def read_rows(
    lake: duckdb.DuckDBPyConnection, kind: type[Row], relation: str, order: str = "product"
) -> list[Row]:
    """Return the rows of a relation as instances of a dataclass, whose fields name the columns."""
    columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    cursor = lake.execute(f"select {', '.join(columns)} from {relation} order by {order}")  # noqa: S608 - fixed names
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return [kind(*row) for row in found]
