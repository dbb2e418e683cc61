"""Status of a built warehouse."""

import json

from tests.support.project import PRODUCTS, Project


def test_it_agrees_with_what_consumers_read(built: Project) -> None:
    """Each product once, with the as-of of prediction_freshness; by the build's clock fresh."""
    found = json.loads(built.command("status", "--json").stdout)
    assert [each["product"] for each in found["products"]] == sorted(PRODUCTS)
    rows = built.query(
        "select product, as_of::text, model_version from lake.operations.prediction_freshness"
        " order by product"
    )
    keys = ("product", "as_of", "model_version")
    assert [tuple(each[key] for key in keys) for each in found["products"]] == rows
    assert all(each["action_allowed"] for each in found["products"])
    assert {each["state"] for each in found["products"]} == {"fresh"}
    assert {each["next_step"] for each in found["products"]} == {""}
    assert found["incidents"] == found["duties"] == []
    said = built.command("status").stdout
    assert len(said.splitlines()) == len(PRODUCTS) + 2
