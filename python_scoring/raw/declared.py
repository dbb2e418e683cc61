"""Raw tables and records of their landing, as the YAML of the project declares them."""

import functools
from typing import Any

from python_scoring.project import PROJECT
from python_scoring.project.sql_macros import expression
from python_scoring.project.yaml_files import read_yaml
from python_scoring.raw.landing import Table

RAW = "staging/_staging__sources.yml"
OPERATIONS = "operations/_operations__sources.yml"
STAGING = "staging/_staging__models.yml"


def raw_declarations() -> list[dict[str, Any]]:
    """Return the raw tables: `name`, `config`, and `columns` by name, each with `data_type`."""
    return [
        {**table, "columns": {column["name"]: column for column in table["columns"]}}
        for table in _tables(RAW)
    ]


def landing_tables() -> list[Table]:
    """Return the raw tables as a landing plan reads them, as macros/raw_data has them for dbt."""
    return [
        Table(
            name=each["name"],
            columns={name: column["data_type"] for name, column in each["columns"].items()},
            happened_at=each["config"]["meta"]["happened_at"],
            row_text=expression("raw_row_text", each),
            load_day=f"cast({expression('as_instant', 'loaded_at')} as date)",
        )
        for each in raw_declarations()
    ]


def record_types(table: str) -> dict[str, str]:
    """Return the type of each column of a table of `lake.operations`."""
    [found] = [each for each in _tables(OPERATIONS) if each["name"] == table]
    return {column["name"]: column["data_type"] for column in found["columns"]}


def landed_types(table: str) -> dict[str, str]:
    """Return the type of each column of `lake.raw.<table>`."""
    [found] = [each for each in _content(STAGING)["models"] if each["name"] == f"stg_{table}"]
    return {column["name"]: column["data_type"] for column in found["columns"]}


def _tables(file: str) -> list[dict[str, Any]]:
    return [table for source in _content(file)["sources"] for table in source["tables"]]


@functools.cache
def _content(file: str) -> dict[str, Any]:
    return read_yaml(PROJECT / "models" / file)
