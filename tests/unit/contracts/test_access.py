"""What an exposure entitles its consumer to: role, versions, contexts, columns, and until when."""

from datetime import date, datetime
from typing import Any

import pytest

from python_scoring.contracts.access import (
    Consumer,
    Entitlement,
    ExposureMeta,
    entitlements_of,
    owner_of,
)
from python_scoring.contracts.shape import shape_findings

PRODUCTS = {"clv_predictions": "clv", "churn_predictions": "churn"}
CLV = {"output": "clv_predictions", "versions": [1], "usage_contexts": ["budget_allocation"]}


def consumer(**access: Any) -> Consumer:
    meta = ExposureMeta.model_validate({"criticality": "high", "access": access, "tier": 1})
    return Consumer("pricing_engine", "Pricing engine", "pricing", "medium", meta)


def findings(**access: Any) -> list[str]:
    return list(shape_findings(ExposureMeta, {"criticality": "high", "access": access}))


def test_each_version_is_an_entitlement_of_its_own() -> None:
    wanted = {**CLV, "versions": [1, 2], "columns_withheld": ["label"]}
    first, second = entitlements_of(consumer(outputs=[wanted]), PRODUCTS)
    assert first == Entitlement(
        consumer="pricing_engine", label="Pricing engine", role="pricing_engine", owner="pricing",
        criticality="high", maturity="medium", output="clv_predictions", version=1, product="clv",
        usage_contexts=("budget_allocation",), columns_withheld=("label",), valid_until=None,
    )  # fmt: skip
    assert second.version == 2


def test_a_role_of_its_own_stands_for_the_consumers_name() -> None:
    [found] = entitlements_of(consumer(role="pricing", outputs=[CLV]), PRODUCTS)
    assert (found.role, found.consumer) == ("pricing", "pricing_engine")


def test_an_outputs_day_goes_before_that_of_the_consumer() -> None:
    outputs = [
        {**CLV, "valid_until": "2027-06-30"},
        {**CLV, "output": "churn_predictions"},
    ]
    found = entitlements_of(consumer(valid_until=date(2027, 12, 31), outputs=outputs), PRODUCTS)
    assert [(each.product, each.valid_until) for each in found] == [
        ("clv", "2027-06-30"), ("churn", "2027-12-31")
    ]  # fmt: skip


def test_without_access_nothing_may_be_read() -> None:
    meta = ExposureMeta(criticality="low", access=None)
    assert entitlements_of(Consumer("a", "A", "b", "low", meta), PRODUCTS) == []
    assert entitlements_of(consumer(role="pricing"), PRODUCTS) == []


@pytest.mark.parametrize(
    "day", ["soon", "2027-02-30", 20271231, datetime(2027, 12, 31, 12), 1.5, ["2027-12-31"], True]
)
def test_what_is_no_day_is_named(day: Any) -> None:
    assert findings(valid_until=day, outputs=[CLV]) == [
        f".access.valid_until is '{day}'; expected a day such as 2027-12-31"
    ]
    [finding] = findings(outputs=[{**CLV, "valid_until": day}])
    assert finding == f".access.outputs.0.valid_until is '{day}'; expected a day such as 2027-12-31"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"versions": []}, ".versions is missing or empty"),
        ({"versions": [0]}, ".versions.0 is 0"),
        ({"versions": ["1"]}, ".versions.0 is 1"),
        ({"usage_contexts": []}, ".usage_contexts is missing or empty"),
        ({"usage_contexts": [" "]}, ".usage_contexts.0 is missing or empty"),
        ({"columns_withhold": ["label"]}, ".columns_withhold is unknown"),
        ({"output": ""}, ".output is missing or empty"),
    ],
)
def test_a_malformed_entitlement_is_named(changed: dict[str, Any], said: str) -> None:
    [finding] = findings(outputs=[{**CLV, **changed}])
    assert finding.startswith(f".access.outputs.0{said}")


def test_the_owner_is_a_team_or_its_address() -> None:
    assert owner_of({"owner": {"name": "pricing", "email": "p@example.com"}}) == "pricing"
    assert owner_of({"owner": {"name": "", "email": "p@example.com"}}) == "p@example.com"
    assert owner_of({"owner": {"email": ""}}) is None
