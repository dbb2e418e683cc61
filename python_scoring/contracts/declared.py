"""Contracts of the project from its YAML, for commands that answer without parsing it with dbt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_scoring.contracts.contract import Contract, with_defaults
from python_scoring.contracts.served_outputs import project_variables
from python_scoring.contracts.validation import contract_findings
from python_scoring.errors import InputError
from python_scoring.project import PROJECT
from python_scoring.project.yaml_files import read_yaml


def declared_contracts(project: Path = PROJECT) -> dict[str, Contract]:
    """Return the contract of each product, by product.

    Raises InputError, with every finding, if a contract is not valid. Expressions of Jinja are not
    rendered: no contract of the project has any.
    """
    variables = project_variables()
    findings: list[str] = []
    contracts: dict[str, Contract] = {}
    for file in sorted((project / "models" / "products").glob("*/*.yml")):
        for declared in _declarations(file):
            place = str(file.relative_to(project))
            if found := contract_findings(declared, variables, place):
                findings += found
            else:
                contract = Contract.model_validate(with_defaults(declared, variables))
                contracts[contract.product] = contract
    if findings:
        raise InputError("\n  - ".join(["contracts are not valid; correct them:", *findings]))
    return contracts


def _declarations(file: Path) -> Iterator[dict[str, Any]]:
    content = read_yaml(file)
    for model in content.get("models") or []:
        if declared := ((model.get("config") or {}).get("meta") or {}).get("prediction"):
            yield declared
