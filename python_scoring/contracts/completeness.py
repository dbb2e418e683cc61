"""What a contract must say before anybody can rely on it: gaps, as sentences with the place.

Of contracts it says what contract.py finds; dbt stops at the same (macros/contracts/contracts.sql).
"""

from collections.abc import Iterator
from typing import Any

from python_scoring.contracts.contract import findings
from python_scoring.contracts.served_outputs import (
    ServedOutput,
    contracts,
    project_variables,
    served_outputs,
)


def contract_gaps(manifest: dict[str, Any]) -> list[str]:
    """Every gap of every contract and of what is served under it."""
    variables = project_variables()
    by_product = contracts(manifest)
    gaps: list[str] = []
    for served in served_outputs(manifest):
        place = f"{served.file}: {served.output} version {served.version}"
        gaps += _gaps_of_columns(served, place)
        contract = by_product.get(served.product)
        if contract is None:
            gaps.append(
                f"{served.file}: the product {served.product} has no contract; give the latest "
                "version of its mart a config.meta.prediction"
            )
        elif served.kind == "current":
            gaps += findings(contract, variables, served.file)
            gaps += _gaps_of_range_check(served, place)
    return list(dict.fromkeys(gaps))


def _gaps_of_columns(served: ServedOutput, place: str) -> Iterator[str]:
    if not served.description:
        yield f"{place} has no description"
    for column in served.columns:
        if not column.description:
            yield f"{place}: the column {column.name} has no description"
        if not column.data_type:
            yield f"{place}: the column {column.name} has no data_type"
    if served.key not in {column.name for column in served.columns}:
        yield f"{place} has no column {served.key}, which is its key"


def _gaps_of_range_check(served: ServedOutput, place: str) -> Iterator[str]:
    """The range that is documented is checked: the test takes it from the model's own contract."""
    if ("score", "value_in_contract_range") not in served.tests:
        yield (
            f"{place}: the column score is not checked against the range of its contract; expected "
            "the test value_in_contract_range"
        )
