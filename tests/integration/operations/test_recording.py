"""Views that hooks insert from, on made-up rows and with a frozen clock.

The cases go through all views, from the tables that hooks fill to the rows that a hook would add.
Unit tests of single models are next to the models.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from python_scoring.warehouse import Warehouse, install_extensions
from tests.support.fixtures import copy_warehouse
from tests.support.project import Project

CASES = [
    case
    for file in ("incidents.yml", "sla.yml")
    for case in yaml.safe_load(Path(__file__).with_name(file).read_text())["cases"]
]


@pytest.fixture(scope="module")
def warehouse(
    built: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of a built warehouse whose operations tables are empty."""
    copy = tmp_path_factory.mktemp("recording") / "warehouse"
    copy_warehouse(built.warehouse, copy)
    with duckdb.connect() as connection:
        install_extensions(connection)
        connection.execute("set timezone = 'UTC'")
        connection.execute(Warehouse(copy).attach_sql(read_only=False))
        connection.execute(f"attach '{Warehouse(copy).working_set}' as warehouse (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'lake' and schema_name = 'operations'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"delete from lake.operations.{table}")
        yield connection


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_hooks_would_add(warehouse: duckdb.DuckDBPyConnection, case: dict[str, Any]) -> None:
    """The view gives exactly the expected rows, in the columns that the first of them names."""
    warehouse.begin()
    try:
        for given in case["given"]:
            for row in given["rows"]:
                columns, values = ", ".join(row), [*row.values()]
                warehouse.execute(
                    f"insert into lake.operations.{given['table']} ({columns})"
                    f" values ({', '.join('?' for _ in values)})",
                    values,
                )
        views = dict(case["overrides"])
        warehouse.execute(f"set variable prediction_now = cast({views.pop('clock')} as text)")
        for name, query in views.items():
            warehouse.execute(f"create or replace view lake.operations.{name} as {query}")
        assert rows_of(warehouse, case) == expected_rows(warehouse, case)
    finally:
        warehouse.rollback()


def columns_of(case: dict[str, Any]) -> list[str]:
    """The columns that are compared: all where no row is expected."""
    return [*case["expect"]["rows"][0]] if case["expect"]["rows"] else ["*"]


def rows_of(warehouse: duckdb.DuckDBPyConnection, case: dict[str, Any]) -> list[str]:
    columns = ", ".join(columns_of(case))
    found = warehouse.execute(
        f"select cast(found as text) from (select {columns} from"
        f" warehouse.operations.{case['view']}) as found order by 1"
    ).fetchall()
    return [text for (text,) in found]


def expected_rows(warehouse: duckdb.DuckDBPyConnection, case: dict[str, Any]) -> list[str]:
    """The expected rows, cast to the types of the view's columns."""
    columns = columns_of(case)
    if columns == ["*"]:
        return []
    described = warehouse.execute(f"describe warehouse.operations.{case['view']}").fetchall()
    types = {column: data_type for column, data_type, *_ in described}
    cast = ", ".join(f"cast(? as {types[column]}) as {column}" for column in columns)
    found = []
    for row in case["expect"]["rows"]:
        values = [row.get(column) for column in columns]
        [(text,)] = warehouse.execute(
            f"select cast(expected as text) from (select {cast}) as expected", values
        ).fetchall()
        found.append(text)
    return sorted(found)
