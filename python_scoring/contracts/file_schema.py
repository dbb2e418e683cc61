"""Schema of a data contract: columns, types, and quality rules."""

from typing import Any

from open_data_contract_standard.model import (
    DataQuality,
    EnumValue,
    SchemaObject,
    SchemaProperty,
)

from python_scoring.contracts.contract import Contract, Label
from python_scoring.contracts.served_outputs import Column, ServedOutput
from python_scoring.errors import InputError

# Types of the standard for the data types of the marts; other data types are an error.
LOGICAL_TYPES = {
    "text": "string",
    "varchar": "string",
    "json": "string",
    "double": "number",
    "decimal": "number",
    "integer": "integer",
    "bigint": "integer",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}

# Placeholders of the standard (doubled braces), and limits of the contract.
_OUTSIDE = (
    "select count(*) from ${{object}} where ${{property}} is not null "
    "and not (${{property}} between {low} and {high})"
)

GRANULARITY = {
    "current": "One row per customer, of the run that is served.",
    "history": "One row per run and customer.",
}


def sentences(text: str) -> str:
    """Return a text of the YAML on one line."""
    return " ".join(text.split())


def schema_object(served: ServedOutput, contract: Contract) -> SchemaObject:
    """Return the columns of a version with their types and quality rules."""
    return SchemaObject(
        id=served.relation,
        name=served.relation,
        physicalName=served.relation,
        logicalType="object",
        physicalType="view",
        description=sentences(served.description),
        deprecated=True if served.deprecated_on else None,
        dataGranularityDescription=GRANULARITY[served.kind],
        properties=[_property(column, served, contract) for column in served.columns],
        quality=[
            _rule(
                "bounds_enclose_score",
                "consistency",
                "Bounds, where there are any, enclose the score.",
                type="sql",
                query=(
                    "select count(*) from ${object} "
                    "where score < score_lower or score > score_upper"
                ),
                mustBe=0,
            ),
            *([_not_empty()] if served.kind == "current" else []),
        ],
    )


def _not_empty() -> DataQuality:
    return _rule(
        "not_empty", "completeness", "Somebody is scored.", metric="rowCount", mustBeGreaterThan=0
    )


def _property(column: Column, served: ServedOutput, contract: Contract) -> SchemaProperty:
    is_key = column.name == served.key
    found = SchemaProperty(
        id=column.name,
        name=column.name,
        physicalName=column.name,
        logicalType=_logical_type(column, served),
        physicalType=column.data_type,
        description=sentences(column.description),
        required=not column.nullable,
        unique=True if is_key else None,
        primaryKey=True if is_key else None,
        primaryKeyPosition=1 if is_key else None,
        quality=_column_rules(column, contract, is_key=is_key) or None,
    )
    if column.name == "score":
        found.criticalDataElement = True
        found.logicalTypeOptions = {
            "minimum": contract.valid_range.minimum,
            "maximum": contract.valid_range.maximum,
        }
    if column.name == "label":
        found.enum = _labels(contract.labels)
    return found


def _labels(labels: list[Label]) -> list[EnumValue]:
    """Return the labels, with the range of scores of each if the score decides."""
    values, lower = [], None
    for label in labels:
        upper = label.below
        limits = [f"from {lower}"] if lower is not None else []
        limits += [f"below {upper}"] if upper is not None else []
        description = f"Scores {' and '.join(limits)}." if limits else None
        values.append(EnumValue(value=label.name, description=description))
        lower = upper
    return values


def _column_rules(column: Column, contract: Contract, *, is_key: bool) -> list[DataQuality]:
    name = column.name
    rules = []
    if not column.nullable:
        rules.append(
            _rule(f"{name}_not_null", "completeness", "Never null.", metric="nullValues", mustBe=0)
        )
    if is_key:
        rules.append(
            _rule(f"{name}_unique", "uniqueness", "Unique.", metric="duplicateValues", mustBe=0)
        )
    if name == "score":
        low, high = contract.valid_range.minimum, contract.valid_range.maximum
        rules.append(
            _rule(
                "score_in_range",
                "conformity",
                f"A finite number from {low} to {high}.",
                type="sql",
                query=_OUTSIDE.format(low=low, high=high),
                mustBe=0,
            )
        )
    if name == "label":
        rules.append(
            _rule(
                "label_known",
                "conformity",
                "One of the labels of the contract.",
                metric="invalidValues",
                arguments={"validValues": [label.name for label in contract.labels]},
                mustBe=0,
            )
        )
    return rules


def _rule(name: str, dimension: str, description: str, **rule: Any) -> DataQuality:
    return DataQuality(
        id=name,
        name=name,
        type=rule.pop("type", "library"),
        dimension=dimension,
        description=description,
        severity="error",
        **rule,
    )


def _logical_type(column: Column, served: ServedOutput) -> str:
    base = column.data_type.lower().split("(")[0].strip()
    if base not in LOGICAL_TYPES:
        raise InputError(
            f"{served.file}: {served.output} version {served.version}: the column {column.name} "
            f"has the data_type {column.data_type}; expected {', '.join(LOGICAL_TYPES)}, or a new "
            "one in LOGICAL_TYPES of python_scoring/contracts/file_schema.py"
        )
    return LOGICAL_TYPES[base]
