"""Tables that each product's guardrails make from the shared queries."""

import duckdb
import pytest

from python_scoring.project import read_manifest
from python_scoring.warehouse import Warehouse
from tests.support.fixtures import Fresh
from tests.support.manifest import Manifest
from tests.support.project import CHURN, PRODUCTS, Project

SHARED = ("guardrails", "publishing", "challengers")
# Queries that are part of the one that reads them. Their columns are declared for unit tests alone.
INLINED = {
    *("compared_features", "feature_states", "feature_tails"),
    *("feed_activity", "feed_counts", "feed_gaps", "trend_levels"),
}


def declared_tables(manifest: Manifest) -> dict[str, dict[str, str]]:
    """Names and types of the columns of each shared query that declares them."""
    return {
        node["name"]: {column["name"]: column["data_type"] for column in node["columns"].values()}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] in SHARED and node["columns"]
    }


@pytest.mark.parametrize("product", PRODUCTS)
def test_tables_have_the_columns_that_unit_tests_know(built: Project, product: str) -> None:
    """A unit test reads its inputs' columns from the declaration: it must be what is built.

    A query that is part of the one that reads it makes no table.
    """
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{Warehouse(built.warehouse).working_set}' as warehouse (read_only)"
        )
        tables = {
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'warehouse'"
            ).fetchall()
        }
        declared = declared_tables(read_manifest(built.target))
        made_as_tables = {name for name in declared if f"{name}_{product}" in tables}
        assert set(declared) - made_as_tables == INLINED
        for name in made_as_tables:
            columns = declared[name]
            relation = f"warehouse.products.{name}_{product}"
            empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
            made, expected = (
                connection.execute(
                    f"select column_name, column_type from (describe {described})"
                ).fetchall()
                for described in (relation, f"select {empty}")
            )
            assert made == expected, relation


def test_a_build_with_nothing_due_leaves_empty_tables_alone(fresh: Fresh) -> None:
    """The second build with nothing due makes none of a product's guardrail tables again."""
    project = fresh()
    project.build(*CHURN)
    assert "NOTHING DUE" in project.build(*CHURN).stdout
    with duckdb.connect(str(Warehouse(project.warehouse).working_set), read_only=True) as tables:
        assert tables.execute("select count(*) from products.checks_churn").fetchone() == (0,)
