"""Status of each product in a line, and what to do next, for a terminal."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from python_scoring.clock import clock
from python_scoring.report import formatting
from python_scoring.report.headline import state_of
from python_scoring.report.queries import FRESHNESS, of_another_version, read_rows
from python_scoring.report.records import Freshness
from python_scoring.warehouse import Warehouse, connect_lake

INCIDENTS = """
select incident_id, product, severity, status
from lake.operations.incidents
where status not in ('resolved', 'reviewed')
order by severity = 'high' desc, opened_at
"""
DUTIES = """
select incident_id, product, duty, subject, owner, due_on, is_overdue
from lake.operations.review_duties
where not is_done
order by due_on
"""
NEWEST_RUN = """
select product, arg_max(run_id, recorded_at)
from lake.operations.run_ledger
where status in ('quarantined', 'failed', 'crashed')
group by product
"""
NOTHING_BUILT = (
    "Nothing was built in {folder} yet. Next: customer-predictions check-data; for models of your "
    "own data customer-predictions fit --all; then dbt build"
)
SHORT = 40  # characters that are said again rather than referred to
FEWEST = 5  # incidents and duties that are listed; the report has all of them


@dataclass(frozen=True)
class ProductStatus:
    """State of a product, and what a person should do; `next_step` is empty where nothing is."""

    product: str
    tone: str  # good, warn or bad
    state: str
    as_of: str | None
    model_version: str | None
    action_allowed: bool
    reason: str
    next_step: str
    in_service_since: str | None


@dataclass(frozen=True)
class Status:
    """Status of all products, with the open incidents and duties."""

    products: list[ProductStatus]
    incidents: list[dict[str, Any]]
    duties: list[dict[str, Any]]

    def to_record(self) -> dict[str, Any]:
        """Return the status as plain values, for JSON."""
        return asdict(self)


def read_status(warehouse: Warehouse) -> Status | None:
    """Read the status from the lake, read-only; None where nothing was built yet.

    Raises InputError if another version built it, without some of the tables.
    """
    if not warehouse.catalog.exists():
        return None
    with connect_lake(warehouse) as lake:
        # All views that judge by the reader's clock use one instant.
        lake.execute("set variable prediction_now = ?", [str(clock())])
        try:
            runs = dict(lake.execute(NEWEST_RUN).fetchall())
            products = [
                status_of(served, runs.get(served.product))
                for served in read_rows(lake, Freshness, FRESHNESS)
            ]
            return Status(products, _records(lake, INCIDENTS), _records(lake, DUTIES))
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise of_another_version(warehouse, error) from error


def _records(lake: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = lake.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def status_of(served: Freshness, last_bad_run: str | None) -> ProductStatus:
    """Return the status of a product; `last_bad_run` is the last that was not published."""
    state = state_of(served)
    return ProductStatus(
        served.product,
        state.tone,
        state.word,
        str(served.as_of) if served.as_of else None,
        served.model_version,
        served.action_allowed,
        state.reason,
        _next_step(served, state.tone, last_bad_run),
        str(served.in_service_since) if served.in_service_since else None,
    )


def _next_step(served: Freshness, tone: str, last_bad_run: str | None) -> str:
    """Return what to do: first about a run that waits for a person, then about a missing one."""
    step = ""
    match served.last_attempt_status:
        case "quarantined":
            decide = f"release_run or republish {last_bad_run}"
            if served.in_service_since is None:
                decide = f"fit a model of your own (customer-predictions fit --all), {decide}"
            step = f"read why in lake.predictions.quarantine_{served.product}, then {decide}"
        case "failed" | "crashed":
            reason = formatting.first_sentence(served.last_attempt_reason or "")
            step = f"mend: {reason} Then dbt build"
        case "started":
            step = "wait for the build that runs; where none does, dbt build"
        case _ if served.freshness in ("due", "stale", "never published"):
            step = "dbt build"
        case _ if tone != "good":
            step = "answer the incident or duty below"
    return step


def to_text(found: Status) -> str:
    """Return the status for a terminal, in about ten lines."""
    return "\n".join([*_products(found), *_incidents(found), *_duties(found)])


def _products(found: Status) -> Iterator[str]:
    signs = {"good": "ok", "warn": "look", "bad": "act"}
    told: dict[str, str] = {}  # one cause, such as broken raw data, is told once
    for each in found.products:
        served = f"as of {each.as_of[:10]}, model {each.model_version}" if each.as_of else "nothing"
        yield f"[{signs[each.tone]:<4}] {each.product}: {each.state}; serves {served}"
        why = formatting.first_sentence(each.reason) if each.reason else ""
        for title, words in (("why", why), ("next", each.next_step)):
            if words in told:
                yield f"       {title}: as for {told[words]}"
            elif words:
                yield f"       {title}: {words}"
                # A word or two is shorter than where else it stands.
                if len(words) > SHORT:
                    told[words] = each.product


def _incidents(found: Status) -> Iterator[str]:
    for each in found.incidents[:FEWEST]:
        name = each["incident_id"]
        yield f"incident {name}, {each['severity']}, {each['status']}: acknowledge_incident, report"
    if (more := len(found.incidents) - FEWEST) > 0:
        yield f"and {more} further incidents: customer-predictions report"
    if not found.incidents:
        yield "no incident is unresolved"


def _duties(found: Status) -> Iterator[str]:
    for each in found.duties[:FEWEST]:
        late = "overdue since" if each["is_overdue"] else "due"
        what = f"{each['duty']} {each['subject'] or ''}".strip()
        yield (
            f"{what} of {each['incident_id']}, {late} {each['due_on']}: a row in "
            "seeds/incident_reviews.csv"
        )
    if (more := len(found.duties) - FEWEST) > 0:
        yield f"and {more} further duties: customer-predictions report"
    if not found.duties:
        yield "no duty is open"
