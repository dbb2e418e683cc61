"""dbt unit tests: every rule in SQL on made-up rows, with a frozen clock."""

from tests.support.fixtures import Fresh

WITH_UNIT_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": ""}


def test_plain_build_passes_its_unit_tests(fresh: Fresh) -> None:
    """Also the first one, in an empty warehouse, where no table is there to look columns up in."""
    output = fresh(empty=True).dbt("build", env=WITH_UNIT_TESTS).stdout
    assert "PASS scoring_plan::nothing_is_due_before_its_data_cutoff" in output


def test_unit_tests_of_shared_queries_pass(fresh: Fresh) -> None:
    """Queries that are part of others are in no build: `dbt test` runs their unit tests."""
    ephemeral = "test_type:unit,config.materialized:ephemeral"
    output = fresh().dbt("test", "--select", ephemeral, env=WITH_UNIT_TESTS).stdout
    assert "PASS gate::a_run_that_passed_is_published" in output
