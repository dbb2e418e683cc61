"""Served data keep the rules of their data contracts."""

from python_scoring.contracts.served_outputs import served_outputs
from tests.support.manifest import Manifest
from tests.support.project import Project


def test_no_column_is_null_that_must_not_be(manifest: Manifest, built: Project) -> None:
    """Required columns are never null in a whole build, and have the stated type."""
    for served in served_outputs(manifest):
        required = [column.name for column in served.columns if not column.nullable]
        nulls = ", ".join(f"count(*) - count({name})" for name in required)
        (counts,) = built.query(f"select count(*), {nulls} from lake.marts.{served.relation}")
        assert counts[0] > 0
        assert dict(zip(required, counts[1:], strict=True)) == dict.fromkeys(required, 0)


def test_the_rules_of_the_files_hold_in_a_build(files: dict[str, Manifest], built: Project) -> None:
    """The SQL of the files runs unchanged on the marts."""
    for file in files.values():
        (table,) = file["schema"]
        rules = [(rule, "") for rule in table["quality"]]
        for column in table["properties"]:
            rules += [(rule, column["name"]) for rule in column.get("quality", [])]
        queries = [
            rule["query"]
            .replace("${object}", f"lake.marts.{table['physicalName']}")
            .replace("${property}", column)
            for rule, column in rules
            if rule["type"] == "sql"
        ]
        assert len(queries) == 2
        for query in queries:
            assert built.query(query) == [(0,)]
