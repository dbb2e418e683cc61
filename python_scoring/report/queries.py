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

# Batches of a product that are shown, even if the report's days hold fewer.
FEWEST_BATCHES = 12
# Columns that fit on a phone.
MOST_COLUMNS = 30
# Customers whose reasons are read: enough to see which reasons are frequent.
MOST_CUSTOMERS = 100_000

Row = TypeVar("Row")


def read_warehouse(warehouse: Warehouse, days: int) -> Records:
    """Read everything that the report needs from `warehouse`, at the present clock.

    Raises InputError if nothing was built yet, or by a version without some of the tables.
    """
    with connect_lake(warehouse) as lake:
        try:
            return _read(lake, warehouse, days)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            what = str(error).splitlines()[0].split(": ", 1)[-1]
            raise InputError(
                f"{warehouse.folder} was built by another version of this project, or not to the "
                f"end: {what} Run `dbt build` once, then try again."
            ) from error


def _read(lake: duckdb.DuckDBPyConnection, warehouse: Warehouse, days: int) -> Records:
    now = clock()
    # All views that judge by the reader's clock use one instant.
    lake.execute("set variable prediction_now = ?", [str(now)])
    since = f"timestamp '{now}' - interval {days} day"
    # The days of the report, or the newest dozen batches if the days hold fewer.
    is_shown = f"(as_of >= {since} or newest <= {FEWEST_BATCHES})"
    is_column = f"{is_shown} and newest <= {MOST_COLUMNS}"
    return Records(
        now=now.replace(microsecond=0),
        is_clock_frozen=frozen_clock() is not None,
        days=days,
        warehouse=str(warehouse.folder),
        code_version=code_version(),
        contracts=_rows(lake, records.Contract, "lake.operations.prediction_contracts"),
        freshness=_rows(lake, records.Freshness, "lake.operations.prediction_freshness"),
        attainment=_rows(
            lake, records.Attainment, "lake.operations.sla_attainment", "product, window_days"
        ),
        breaches=_rows(
            lake,
            records.Breach,
            "lake.operations.sla_breaches",
            "deadline desc, product, kind, as_of",
        ),
        incidents=_rows(
            lake, records.Incident, _INCIDENTS.format(since=since), "opened_at desc, incident_id"
        ),
        events=_rows(
            lake,
            records.IncidentEvent,
            _EVENTS.format(incidents=_INCIDENTS.format(since=since)),
            "event_number",
        ),
        duties=_rows(
            lake,
            records.Duty,
            "(from lake.operations.review_duties where not is_done)",
            "due_on, incident_id, duty, subject",
        ),
        runs=_rows(lake, records.Run, "lake.operations.run_states", "product, as_of, last_entry"),
        batches=_rows(
            lake,
            records.Batch,
            f"(from lake.report.slot_batches where {is_shown})",
            "product, as_of",
        ),
        check_counts=_rows(
            lake,
            records.CheckCount,
            f"(from lake.report.check_counts where {is_column})",
            "run_id, check_name",
        ),
        findings=_rows(
            lake,
            records.Finding,
            f"(from lake.report.check_findings where {is_column})",
            "newest, outcome, severity, check_name, scope",
        ),
        stability=_rows(
            lake,
            records.Stability,
            f"(from lake.report.score_stability where {is_shown})",
            "scope, as_of",
        ),
        limits=_rows(
            lake,
            records.Limit,
            "(from lake.operations.check_limits where check_name = 'score_psi' and applies)",
            "product, scope",
        ),
        bands=_rows(lake, records.Band, _BANDS.format(is_shown=is_shown), "run_id, tenth"),
        label_sizes=_rows(
            lake,
            records.LabelSize,
            f"(from lake.report.label_sizes where {is_column})",
            "run_id, label",
        ),
        moves=_rows(
            lake,
            records.Move,
            "lake.report.label_moves",
            "product, label_before, label_after, customers",
        ),
        reasons=[
            reason
            for (product,) in lake.execute(
                "select distinct product from lake.report.slot_batches"
            ).fetchall()
            for reason in _rows(
                lake,
                records.Reason,
                _REASONS.format(product=product, most=MOST_CUSTOMERS, is_shown=is_shown),
                "product, feature",
            )
        ],
        challenges=_rows(
            lake,
            records.Challenge,
            _CHALLENGES.format(since=since),
            "product, challenger_version",
        ),
        challenge_outcomes=_rows(
            lake,
            records.ChallengeOutcome,
            _CHALLENGE_OUTCOMES.format(since=since),
            "product, challenger_version",
        ),
        step_times=_rows(
            lake,
            records.StepTime,
            f"(from lake.report.step_times where attempt <= {MOST_COLUMNS})",
            "product, attempt, step_number",
        ),
        outcomes=_rows(
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


def _rows(
    lake: duckdb.DuckDBPyConnection, kind: type[Row], relation: str, order: str = "product"
) -> list[Row]:
    """Return the rows of a relation as instances of a dataclass, whose fields name the columns."""
    columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    cursor = lake.execute(f"select {', '.join(columns)} from {relation} order by {order}")  # noqa: S608 - fixed names
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return [kind(*row) for row in found]


_INCIDENTS = """
(
    from lake.operations.incidents
    where opened_at >= {since} or resolved_at >= {since} or status not in ('resolved', 'reviewed')
)
"""

_EVENTS = """
(
    select events.*
    from lake.operations.incident_events as events
    semi join {incidents} as incidents on events.incident_id = incidents.incident_id
)
"""

# An empty bin of a run has no row there: the edge of a decile is the largest in any run.
_BANDS = """
(
    with scores as (
        select
            distributions.run_id, distributions.tenth, distributions.customers, batches.newest,
            max(distributions.upper_edge) over (
                partition by batches.product, batches.model_version, distributions.tenth
            ) as upper_edge
        from lake.operations.output_distributions as distributions
        inner join lake.report.slot_batches as batches
            on distributions.run_id = batches.run_id and {is_shown}
        where distributions.kind = 'score' and distributions.tenth is not null
    )

    select run_id, tenth, any_value(upper_edge) as upper_edge, sum(customers)::bigint as customers
    from scores
    where newest <= 2
    group by run_id, tenth
)
"""

# Ids are digests: those up to a limit are a reproducible sample.
_REASONS = """
(
    with run as (
        select run_id, product, as_of, customers_scored
        from lake.report.slot_batches
        where product = '{product}' and is_served and {is_shown}
        order by as_of desc
        limit 1
    ),

    told as (
        select
            run.run_id, run.product, run.as_of, predictions.customer_id,
            from_json(
                predictions.reason_codes, '[{{"feature": "VARCHAR", "contribution": "DOUBLE"}}]'
            ) as reasons
        from lake.predictions."predictions_{product}" as predictions
        inner join run
            on predictions.run_id = run.run_id
            and predictions.prediction_date = cast(run.as_of as date)
        where predictions.reason_codes is not null
            and ('0x' || predictions.prediction_id[1:8])::ubigint * run.customers_scored
            <= 4294967296::hugeint * {most}
    ),

    reasons as (
        select
            run_id, product, as_of, generate_subscripts(reasons, 1) as place,
            unnest(reasons).feature as feature,
            -- Six decimals each: a sum does not depend on its order.
            unnest(reasons).contribution::decimal(18, 6) as contribution
        from told
    )

    select
        run_id, product, as_of, feature,
        (select count(*) from told) as customers,
        count(*) filter (where place = 1) as first,
        count(*) filter (where contribution > 0) as raised,
        count(*) filter (where contribution < 0) as lowered,
        sum(greatest(contribution, 0))::double as raised_by,
        sum(least(contribution, 0))::double as lowered_by
    from reasons
    group by all
)
"""

# Per product, the newest run that had a challenger.
_CHALLENGES = """
(
    select *
    from lake.operations.challenger_comparison
    where as_of >= {since}
    qualify as_of = max(as_of) over (partition by product)
)
"""

# Per challenger, the newest run with known outcomes. The run is a horizon old, so the day of the
# measurement counts as news.
_CHALLENGE_OUTCOMES = """
(
    select *
    from lake.operations.challenger_comparison
    where outcomes_measured_at >= {since} and labels_known > 0
    qualify row_number() over (
        partition by product, challenger_version
        order by as_of desc, outcomes_measured_at desc, run_id
    ) = 1
)
"""
