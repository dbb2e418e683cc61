"""Validation of contracts, and the JSON schemas for editors."""

import json
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import jsonschema
import pytest
import yaml

from python_scoring.contracts.contract import Contract, with_defaults
from python_scoring.contracts.schemas import SCHEMAS, schema_text
from python_scoring.contracts.served_outputs import project_variables
from python_scoring.contracts.validation import ProductContract, contract_findings
from python_scoring.project import PROJECT
from tests.support.contracts import contract, declared_contract
from tests.support.project import PRODUCTS

FILE = "models/products/clv/_clv__models.yml"


# Changed contract of clv, and the findings after the name of the product.
CASES: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "a level that is no share": (
        lambda c: c["uncertainty"].update(interval_level=90),
        [".uncertainty.interval_level is 90; expected a share between 0 and 1, such as 0.9"],
    ),
    "half a customer": (
        lambda c: c["uncertainty"].update(group_size=0.5),
        [".uncertainty.group_size is 0.5; expected a whole number of customers, such as 25"],
    ),
    "a truth for a number": (
        lambda c: c["explanations"].update(reasons=True),
        [".explanations.reasons is True; expected how many reasons a score has, a whole number"],
    ),
    "another cadence": (
        lambda c: c["schedule"].update(cadence="hourly"),
        [".schedule.cadence is hourly; expected one of daily, weekly, monthly, quarterly"],
    ),
    "a label without a name": (
        lambda c: c["labels"][0].pop("name"),
        [".labels.0.name is missing or empty; expected the label that consumers read"],
    ),
    "a setting without a reason": (
        lambda c: c["check_settings"].update(score_jump={"value": 1}),
        [".check_settings.score_jump.reason is missing or empty; expected why"],
    ),
    "a setting that is none": (
        lambda c: c["check_settings"].update(jump={"value": 1, "reason": "x"}),
        [".check_settings.jump is not a setting of the checks; expected one of"],
    ),
    "a range upside down": (
        lambda c: c["valid_range"].update(minimum=2_000_000),
        [".valid_range is 2000000 to 1000000; expected two numbers, the lower first"],
    ),
    "everything at once": (
        lambda c: c.update(unit="", action_policy="shrug", horizon=90, intended_use=["pricing"]),
        [
            ".unit is missing or empty; expected the unit of the score",
            ".horizon is unknown; expected product, output_schema_version, meaning",
            ".intended_use names pricing; expected retention_campaign",
            ".action_policy is shrug; expected one of skip, default_score, last_known_good",
        ],
    ),
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_contracts_of_the_project_are_valid(product: str) -> None:
    assert contract_findings(declared_contract(product), project_variables(), FILE) == []


@pytest.mark.parametrize("case", CASES)
def test_a_finding_names_file_product_and_key(case: str) -> None:
    spoil, expected = CASES[case]
    spoiled = declared_contract("clv")
    spoil(spoiled)
    found = contract_findings(spoiled, project_variables(), FILE)
    assert len(found) == len(expected)
    for finding, message in zip(found, expected, strict=True):
        assert finding.startswith(f"{FILE}: product clv: config.meta.prediction{message}")


def test_a_contract_replaces_a_default_as_a_whole() -> None:
    """With limits, direction, scopes and reason of its own; other checks keep the default."""
    variables = project_variables()
    variables["default_checks"] = {
        "coverage": {
            "warn_below": 1,
            "block_below": 0.9,
            "reason": "All",
            "scopes": {"vip": {"block_below": 1, "reason": "Vips"}},
        },
        "label_share": {"warn_above": 0.1, "block_above": 0.3, "reason": "Size"},
    }
    declared = declared_contract("clv")
    declared["checks"] = {"coverage": {"block_below": 0.5, "reason": "  The shop's own rule.  "}}
    declared["sla"] = {"owner": "crm", "target": 0.5}
    found = Contract.model_validate(with_defaults(declared, variables))
    project = ProductContract(found, declared, FILE, "clv_predictions_v1", 1, "")
    assert found.sla.target == 0.5
    assert found.sla.escalation.breaches == variables["default_sla"]["escalation"]["breaches"]
    assert found.notice_days == variables["default_notice_days"]
    assert [astuple(limit) for limit in project.limits()] == [
        ("coverage", "*", True, "at least", None, 0.5, "The shop's own rule.", "contract"),
        ("label_share", "*", True, "at most", 0.1, 0.3, "Size", "default"),
    ]
    declared["checks"] = {"label_share": {"applies": False, "reason": "By hand"}}
    found = Contract.model_validate(with_defaults(declared, variables))
    project = ProductContract(found, declared, FILE, "clv_predictions_v1", 1, "")
    assert [astuple(limit) for limit in project.limits()] == [
        ("coverage", "*", True, "at least", 1, 0.9, "All", "default"),
        ("coverage", "vip", True, "at least", None, 1, "Vips", "default"),
        ("label_share", "*", False, "at least", None, None, "By hand", "contract"),
    ]


@pytest.mark.parametrize(
    ("cadence", "anchor", "days"),
    [
        ("daily", None, 0),
        ("weekly", None, 0),
        ("weekly", "wednesday", 2),
        ("monthly", 15, 14),
        ("quarterly", 1, 0),
        ("weekly", "Wednesday", None),
        ("weekly", 3, None),
        ("monthly", 29, None),
        ("monthly", "monday", None),
    ],
)
def test_an_anchor_fits_its_cadence(
    cadence: str, anchor: str | int | None, days: int | None
) -> None:
    declared = declared_contract("clv")
    declared["schedule"] = {"cadence": cadence, "availability_lag_hours": 6}
    if anchor is not None:
        declared["schedule"]["anchor"] = anchor
    found = contract_findings(declared, project_variables(), FILE)
    if days is None:
        assert f"schedule.anchor is {anchor}, which does not fit the cadence {cadence}" in found[0]
    else:
        assert contract("clv", schedule=declared["schedule"]).schedule.anchor_days == days


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_for_editors_are_current(name: str) -> None:
    """`customer-predictions contracts --schemas docs` renews the files."""
    assert (PROJECT / "docs" / name).read_text() == schema_text(SCHEMAS[name]())


EXPOSURES = "models/consumers/_consumers__exposures.yml"
CHECKED_BY_EDITORS = {
    EXPOSURES: "exposures.schema.json",
    **{f"models/products/{each}/_{each}__models.yml": "contract.schema.json" for each in PRODUCTS},
}


@pytest.mark.parametrize("file", CHECKED_BY_EDITORS)
def test_editors_check_the_yaml_by_a_schema(file: str) -> None:
    name = CHECKED_BY_EDITORS[file]
    up = "../" * file.count("/")
    text = (PROJECT / file).read_text()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={up}docs/{name}"
    validator = jsonschema.Draft202012Validator(SCHEMAS[name]())
    # What an editor sees: YAML 1.2 has no days, so they are texts.
    content = json.loads(json.dumps(yaml.safe_load(text), default=str))
    assert list(validator.iter_errors(content)) == []


@pytest.mark.parametrize(
    ("file", "correct", "wrong"),
    [
        (FILE, "horizon_days:", "horizon:"),
        (FILE, "score_type: estimate", "score_type: guess"),
        (EXPOSURES, "criticality: medium", "criticality: huge"),
        (EXPOSURES, "usage_contexts: [budget_allocation]", "usage_contexts: []"),
        (EXPOSURES, "valid_until: 2028-12-31", "valid_to: 2028-12-31"),
        (EXPOSURES, "maturity: medium", "label: x"),
    ],
)
def test_editors_mark_what_validation_refuses(file: str, correct: str, wrong: str) -> None:
    text = (PROJECT / file).read_text()
    assert correct in text
    content = json.loads(json.dumps(yaml.safe_load(text.replace(correct, wrong)), default=str))
    schema = SCHEMAS[CHECKED_BY_EDITORS[file]]()
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content))
