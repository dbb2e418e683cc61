"""The project keeps dbt's conventions, or gives the reason in a seed."""

import copy
import csv
from collections.abc import Callable
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

import pytest

from python_scoring.project import PROJECT
from tests.support.conventions import RULES, Graph
from tests.support.manifest import Manifest

EXCEPTIONS = PROJECT / "seeds" / "project_rule_exceptions.csv"


PREFIX = "model.customer_predictions"


def exceptions(rule: str) -> list[str]:
    with EXCEPTIONS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["rule"] for row in rows} <= set(RULES), "a rule of that name does not exist"
    assert all(row["reason"].strip() for row in rows), "an exception has a reason"
    return [row["resource"] for row in rows if row["rule"] == rule]


def departures(rule: str, manifest: Manifest) -> list[tuple[str, str]]:
    return list(RULES[rule](Graph(manifest)))


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_kept_or_its_exception_explained(rule: str, manifest: Manifest) -> None:
    found = departures(rule, manifest)
    excused = exceptions(rule)
    unexplained = [
        f"{resource} {what}: mend it, or give the reason in a row of {EXCEPTIONS.name}: {rule}"
        for resource, what in found
        if not any(fnmatchcase(resource, pattern) for pattern in excused)
    ]
    assert unexplained == []
    unneeded = [
        f"{EXCEPTIONS.name}: {rule}, {pattern} is no longer needed: remove the row"
        for pattern in excused
        if not any(fnmatchcase(resource, pattern) for resource, _ in found)
    ]
    assert unneeded == []


def node(manifest: Manifest, name: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest["nodes"][f"{PREFIX}.{name}"]
    return found


def read(manifest: Manifest, reader: str, *parents: str) -> None:
    node(manifest, reader)["depends_on"]["nodes"].extend(parents)


def read_by(manifest: Manifest, parent: str, *readers: str) -> None:
    for reader in readers:
        read(manifest, reader, f"{PREFIX}.{parent}")


def chain(manifest: Manifest, *names: str) -> None:
    for parent, reader in pairwise(names):
        read(manifest, reader, f"{PREFIX}.{parent}")


RAW_ORDERS = "source.customer_predictions.raw.orders"


RAW_EVENTS = "source.customer_predictions.raw.events"


# Each rule, a change that breaks it, and the resource that it then names.
BREAKS: dict[str, tuple[Callable[[Manifest], object], str]] = {
    "root_models": (
        lambda m: node(m, "checks_clv")["depends_on"].update(nodes=[]),
        "checks_clv",
    ),
    "raw_sources_outside_staging": (
        lambda m: read(m, "training_clv", RAW_ORDERS),
        "training_clv",
    ),
    "raw_sources_with_many_readers": (
        lambda m: read(m, "training_clv", RAW_ORDERS),
        "raw.orders",
    ),
    "raw_sources_joined": (lambda m: read(m, "checked_orders", RAW_EVENTS), "checked_orders"),
    "staging_on_other_layers": (
        lambda m: read(m, "stg_orders", f"{PREFIX}.scoring_plan"),
        "stg_orders",
    ),
    "unused_sources": (
        lambda m: node(m, "checked_events")["depends_on"]["nodes"].remove(RAW_EVENTS),
        "raw.events",
    ),
    "duplicate_sources": (
        lambda m: m["sources"][RAW_EVENTS].update(identifier="orders"),
        "raw.events",
    ),
    "hard_coded_references": (
        lambda m: node(m, "checks_clv").update(raw_code="select 1 from lake.orders -- from a.b"),
        "checks_clv",
    ),
    "many_leaves": (
        lambda m: read_by(
            m,
            "stg_events",
            "sla_breaches",
            "sla_attainment",
            "notifications",
            "serving_states",
        ),
        "stg_events",
    ),
    "many_parents": (
        lambda m: read(m, "checks_clv", *(f"{PREFIX}.made_up_{number}" for number in range(7))),
        "checks_clv",
    ),
    "rejoined_concepts": (
        lambda m: read(m, "feature_snapshots", f"{PREFIX}.orders_as_of"),
        "order_features",
    ),
    "chained_views": (
        lambda m: chain(
            m,
            "order_features",
            "events_as_of",
            "event_features",
            "customers_as_of",
            "changed_customers",
            "pins_in_force",
        ),
        "pins_in_force",
    ),
    "exposures_on_views": (
        lambda m: exposure(m)["depends_on"]["nodes"].append(RAW_ORDERS),
        "raw.orders",
    ),
    "exposures_on_private_models": (
        lambda m: exposure(m)["depends_on"]["nodes"].append(f"{PREFIX}.checks_clv"),
        "decision_engine",
    ),
    "public_models_without_contract": (
        lambda m: node(m, "clv_predictions.v1")["config"]["contract"].update(enforced=False),
        "clv_predictions.v1",
    ),
    "undocumented": (lambda m: node(m, "checks_clv").update(description=" "), "checks_clv"),
    "untested_keys": (
        lambda m: node(m, "checks_clv").update(database="lake"),
        "checks_clv",
    ),
    "raw_sources_without_freshness": (
        lambda m: m["sources"][RAW_ORDERS].update(freshness=None),
        "raw.orders",
    ),
    "misnamed_models": (lambda m: node(m, "checks_clv").update(name="gate"), "checks_clv"),
    "misplaced_files": (
        lambda m: node(m, "checks_clv").update(patch_path="customer_predictions://models/clv.yml"),
        "checks_clv",
    ),
    "unit_tests_without_columns": (
        lambda m: node(m, "checked_orders")["config"].update(materialized="ephemeral"),
        "stg_orders",
    ),
}


def exposure(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = manifest["exposures"]["exposure.customer_predictions.decision_engine"]
    return found


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_it_is_for(rule: str, manifest: Manifest) -> None:
    spoil, resource = BREAKS[rule]
    spoiled = copy.deepcopy(manifest)
    spoil(spoiled)
    more = set(departures(rule, spoiled)) - set(departures(rule, manifest))
    assert resource in {found for found, _ in more}
