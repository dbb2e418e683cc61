"""What a contract may say, and what is said of one that says something else."""

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import yaml

from python_scoring.contracts.contract import findings, json_schema, schema_text
from python_scoring.contracts.served_outputs import project_variables
from python_scoring.project import PROJECT
from tests.support.project import PRODUCTS

FILE = "models/products/clv/_clv__models.yml"
SCHEMA = "docs/contract.schema.json"


def models(product: str) -> dict[str, Any]:
    file = PROJECT / "models" / "products" / product / f"_{product}__models.yml"
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content


def contract(product: str = "clv") -> dict[str, Any]:
    found: dict[str, Any] = models(product)["models"][0]["config"]["meta"]["prediction"]
    return copy.deepcopy(found)


# The contract of clv, changed, and what is said of it after the name of the product.
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
    assert findings(contract(product), project_variables(), FILE) == []


@pytest.mark.parametrize("case", CASES)
def test_a_finding_names_file_product_and_key(case: str) -> None:
    spoil, expected = CASES[case]
    spoiled = contract()
    spoil(spoiled)
    found = findings(spoiled, project_variables(), FILE)
    assert len(found) == len(expected)
    for finding, message in zip(found, expected, strict=True):
        assert finding.startswith(f"{FILE}: product clv: config.meta.prediction{message}")


def test_editors_know_the_same_contract() -> None:
    """`customer-predictions contracts --schema docs/contract.schema.json` renews the file."""
    assert (PROJECT / SCHEMA).read_text() == schema_text()
    validator = jsonschema.Draft202012Validator(json_schema())
    for product in PRODUCTS:
        file = PROJECT / "models" / "products" / product / f"_{product}__models.yml"
        first_line = f"# yaml-language-server: $schema=../../../{SCHEMA}"
        assert file.read_text().splitlines()[0] == first_line
        assert list(validator.iter_errors(models(product))) == []
    spoiled = models("clv")
    spoiled["models"][0]["config"]["meta"]["prediction"]["horizon"] = 90
    assert [error.message for error in validator.iter_errors(spoiled)]
