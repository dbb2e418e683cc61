"""Completeness of contracts and of the outputs served under them: gaps, each with its place.

`validation.py` validates the contracts themselves; dbt stops at the same findings.
"""

from collections.abc import Iterator

from python_scoring.contracts.served_outputs import ServedOutput, served_outputs
from python_scoring.contracts.validation import contract_nodes, validate
from python_scoring.errors import PredictionError
from python_scoring.project import Manifest


def contract_gaps(manifest: Manifest) -> list[str]:
    """Return every gap of every contract, exposure and served version, a sentence each."""
    gaps = list(validate(manifest).findings)
    declared = {
        node["config"]["meta"]["prediction"].get("product") for node in contract_nodes(manifest)
    }
    for served in served_outputs(manifest):
        place = f"{served.file}: {served.output} version {served.version}"
        gaps += _gaps_of_columns(served, place)
        if served.product not in declared:
            gaps.append(
                f"{served.file}: the product {served.product} has no contract; give the latest "
                "version of its mart a config.meta.prediction"
            )
        elif served.kind == "current":
            gaps += _gaps_of_range_check(served, place)
    return list(dict.fromkeys(gaps))


def require_complete(manifest: Manifest) -> None:
    """Raise PredictionError, with every gap, if there are any."""
    if gaps := contract_gaps(manifest):
        raise PredictionError("\n- ".join(["the contracts are incomplete:", *gaps]))


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
    """The documented range is tested: the test reads it from the model's own contract."""
    if ("score", "value_in_contract_range") not in served.tests:
        yield (
            f"{place}: the column score is not checked against the range of its contract; expected "
            "the test value_in_contract_range"
        )
