"""Contracts of the project, as its YAML has them, for tests that change one."""

import copy
from typing import Any

import yaml

from python_scoring.contracts.contract import ScoringContract, with_defaults
from python_scoring.contracts.served_outputs import project_variables
from python_scoring.project import PROJECT


def models(product: str) -> dict[str, Any]:
    """The dbt YAML of a product's models."""
    file = PROJECT / "models" / "products" / product / f"_{product}__models.yml"
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content


def declared_contract(product: str) -> dict[str, Any]:
    """A product's config.meta.prediction; the test may change it."""
    found: dict[str, Any] = models(product)["models"][0]["config"]["meta"]["prediction"]
    return copy.deepcopy(found)


def contract(product: str = "churn", **changes: Any) -> ScoringContract:
    """A product's contract with other values of some keys."""
    declared = with_defaults(declared_contract(product), project_variables())
    return ScoringContract.model_validate({**declared, **changes})
