"""What a contract must say before anybody can rely on it: gaps, as sentences with the place.

`dbt compile` stops at some of them (macros/contracts/contracts.sql); this finds all at once.
"""

from collections.abc import Iterator
from numbers import Real
from typing import Any

from python_scoring.contracts.served_outputs import (
    ServedOutput,
    contracts,
    project_variables,
    served_outputs,
)

# Keys below a key of the contract that give it its meaning.
INNER_KEYS = {
    "valid_range": ("minimum", "maximum"),
    "eligible_population": ("description", "condition"),
    "uncertainty": ("meaning",),
    "schedule": ("cadence", "availability_lag_hours"),
    "freshness": ("expected_within_hours", "max_age_hours"),
    "sla": ("owner",),
    "conservative_default": ("score", "reason"),
}


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
            gaps += _gaps_of_contract(contract, variables, f"{served.file}: config.meta.prediction")
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


def _gaps_of_contract(
    contract: dict[str, Any], variables: dict[str, Any], place: str
) -> Iterator[str]:
    for key in variables["contract_keys"]:
        if key not in contract or (key != "checks" and _is_empty(contract[key])):
            yield f"{place}.{key} is missing or empty"
    for key, inner_keys in INNER_KEYS.items():
        for inner in inner_keys:
            if _is_empty((contract.get(key) or {}).get(inner)):
                yield f"{place}.{key}.{inner} is missing or empty"
    contexts = variables["usage_contexts"]
    for context in contract.get("intended_use") or []:
        if context not in contexts:
            yield (
                f"{place}.intended_use names {context}; expected {', '.join(contexts)}, or a "
                "new one under usage_contexts in dbt_project.yml"
            )
    valid_range = contract.get("valid_range") or {}
    low, high = valid_range.get("minimum"), valid_range.get("maximum")
    default = (contract.get("conservative_default") or {}).get("score")
    if not (isinstance(low, Real) and isinstance(high, Real) and low < high):
        yield f"{place}.valid_range is {low} to {high}; expected two numbers, the lower first"
    elif not (isinstance(default, Real) and low <= default <= high):
        yield (
            f"{place}.conservative_default.score is {default}, outside of the valid range, "
            f"{low} to {high}"
        )


def _gaps_of_range_check(served: ServedOutput, place: str) -> Iterator[str]:
    """The range that is documented is checked: the test takes it from the model's own contract."""
    if ("score", "value_in_contract_range") not in served.tests:
        yield (
            f"{place}: the column score is not checked against the range of its contract; expected "
            "the test value_in_contract_range"
        )


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})
