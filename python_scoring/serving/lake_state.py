"""State of the lake that is to be served, read as plain values."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb

from python_scoring.errors import ServingError
from python_scoring.serving.columns import Column

# PostgreSQL cuts longer names silently; the pattern also keeps clear of the tables of 1_tables.sql.
RELATION = re.compile(r"[a-z][a-z0-9_]*_v[0-9]+")
LONGEST_NAME = 63


@dataclass(frozen=True)
class Mart:
    """Mart version to be served; `kind` is current or history."""

    relation: str
    output: str
    version: int
    product: str
    kind: str
    output_schema_version: str | None
    deprecated_on: date | None
    description: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class State:
    """State of a product, independent of the clock; a row of serving_data.product_states."""

    product: str
    run_id: str | None
    as_of: datetime | None
    fresh_until: datetime | None
    max_age_hours: Any
    newer_run_failed: bool
    action_policy: str
    default_score: float | None
    incident_reason: str | None
    pending_responses: list[dict[str, str]]


@dataclass(frozen=True)
class Run:
    """Published run of a product, withdrawn or not."""

    run_id: str
    as_of: datetime
    is_withdrawn: bool
    is_superseded: bool


@dataclass(frozen=True)
class Entitlement:
    """Right to read an output version in a usage context; a row of consumer_contracts."""

    consumer: str
    role: str
    output: str
    version: int
    usage_context: str
    valid_until: date | None
    withheld_columns: tuple[str, ...]
    product: str | None


@dataclass(frozen=True)
class Product:
    """A product of the lake: its state, marts, published runs and contract."""

    state: State
    marts: list[Mart]
    runs: list[Run]
    contract: dict[str, object] = field(default_factory=dict)


def rows(lake: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries by column name; `values` are its parameters."""
    result = lake.execute(query, list(values))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def product_names(lake: duckdb.DuckDBPyConnection) -> list[str]:
    """The products with a contract, sorted. Raises ServingError where nothing was built."""
    query = "select product from lake.operations.prediction_contracts order by product"
    try:
        return [str(row["product"]) for row in rows(lake, query)]
    except duckdb.CatalogException as error:
        raise ServingError(
            "the lake has no operations.prediction_contracts: nothing was built in it. "
            "Run `dbt build` first."
        ) from error


def served_relations(lake: duckdb.DuckDBPyConnection) -> set[str]:
    """The relation names of all mart versions to be served."""
    found = rows(lake, "select relation from lake.operations.served_outputs")
    return {str(row["relation"]) for row in found}


def read_product(lake: duckdb.DuckDBPyConnection, product: str) -> Product:
    """Read a product from the lake. Raises ServingError where it cannot be served."""
    states = rows(lake, "select * from lake.operations.serving_states where product = ?", product)
    contracts = rows(
        lake, "select * from lake.operations.prediction_contracts where product = ?", product
    )
    if not states or not contracts:
        raise ServingError(
            f"product {product}: no row in lake.operations.serving_states or prediction_contracts. "
            "Run `dbt build`, which makes them."
        )
    return Product(
        _state(states[0]), _marts(lake, product), _published_runs(lake, product), contracts[0]
    )


def read_entitlements(lake: duckdb.DuckDBPyConnection) -> list[Entitlement]:
    """The entitlements that the exposures declare."""
    found = rows(
        lake,
        "select * from lake.operations.consumer_contracts"
        " order by consumer, output, version, usage_context",
    )
    return [
        Entitlement(
            consumer=str(row["consumer"] or ""),
            role=str(row["role"] or ""),
            output=str(row["output"]),
            version=int(row["version"]),
            usage_context=str(row["usage_context"] or ""),
            valid_until=_day(row["valid_until"]),
            withheld_columns=tuple(json.loads(row["withheld_columns"] or "[]")),
            product=row.get("product"),
        )
        for row in found
    ]


def _state(row: dict[str, Any]) -> State:
    return State(
        product=row["product"],
        run_id=row["run_id"],
        as_of=row["as_of"],
        fresh_until=row["fresh_until"],
        max_age_hours=row["max_age_hours"],
        newer_run_failed=bool(row["newer_run_failed"]),
        action_policy=row["action_policy"],
        default_score=row["default_score"],
        incident_reason=row["incident_reason"],
        pending_responses=[
            {"due_on": str(each["due_on"])[:10], "reason": str(each["reason"])}
            for each in json.loads(row["pending_responses"] or "[]")
        ],
    )


def _marts(lake: duckdb.DuckDBPyConnection, product: str) -> list[Mart]:
    found = rows(
        lake,
        "select * from lake.operations.served_outputs where product = ? order by relation",
        product,
    )
    for row in found:
        relation = row["relation"]
        if row["kind"] == "history" and '"run_id"' not in row["columns_json"]:
            raise ServingError(f"mart {relation}: a history needs the column run_id; it has none.")
        if not RELATION.fullmatch(relation) or len(relation) > LONGEST_NAME:
            raise ServingError(
                f"mart {relation}: cannot be served under this name. Expected lower case letters, "
                f"digits and underscores, ending in _v<version>, at most {LONGEST_NAME} characters."
            )
    return [
        Mart(
            relation=row["relation"],
            output=row["output"],
            version=int(row["version"]),
            product=row["product"],
            kind=row["kind"],
            output_schema_version=row["output_schema_version"],
            deprecated_on=_day(row["deprecated_on"]),
            description=row["description"] or "",
            columns=tuple(
                Column(each["name"], each["data_type"], each.get("description") or "")
                for each in json.loads(row["columns_json"])
            ),
        )
        for row in found
    ]


def _published_runs(lake: duckdb.DuckDBPyConnection, product: str) -> list[Run]:
    """The published runs of a product, oldest first."""
    found = rows(
        lake,
        """
        select
            run_id,
            as_of,
            not is_served as is_withdrawn,
            is_superseded
        from lake.operations.run_states
        where product = ? and serving_entry is not null
        order by as_of, serving_entry
        """,
        product,
    )
    return [Run(**row) for row in found]


def _day(value: Any) -> date | None:
    """A date from a column of type date or text; None for null or empty text."""
    if value is None or value == "":
        return None
    return date.fromisoformat(str(value)[:10])
