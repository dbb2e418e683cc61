"""dbt unit tests: every rule in SQL on made-up rows, with a frozen clock."""

from tests.support.fixtures import Fresh


def test_dbt_unit_tests(fresh: Fresh) -> None:
    """All dbt unit tests pass; builds elsewhere in this suite leave them out to save time."""
    project = fresh()
    result = project.dbt(
        "test", "--select", "test_type:unit", env={"DBT_EXCLUDE_RESOURCE_TYPES": ""}
    )
    assert " PASS=0 " not in result.stdout
