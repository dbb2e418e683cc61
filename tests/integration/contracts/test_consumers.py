"""An invalid contract or exposure stops dbt, with its file and name."""

import json

import pytest

from tests.support.project import Project, copy_of_project

EXPOSURES = "models/consumers/_consumers__exposures.yml"


CLV = "models/products/clv/_clv__models.yml"


ENTITLEMENT = "{output: clv_predictions, versions: [1], usage_contexts: [budget_allocation]}"


OTHER_OUTPUT = "{output: churn_predictions, versions: [1], usage_contexts: [customer_reporting]}"


SLA = "sla: {owner: customer-analytics}"


CHECKS = " checks:\n"


def with_check(limit: str) -> str:
    """Insert a check before those of the contract."""
    return f"{CHECKS}            {limit}\n"


# Changes of the exposure decision_engine: from, to, and dbt's message.
EXPOSURE_CASES = {
    "reads records that are not public": (
        "ref('clv_predictions', v=1)",
        "ref('predictions_clv')",
        "depends on predictions_clv, which is not a public, versioned output",
    ),
    "another product's use": (
        "usage_contexts: [budget_allocation]",
        "usage_contexts: [retention_campaign]",
        "names retention_campaign, which the contract of clv does not intend",
    ),
    "no use": (
        "usage_contexts: [budget_allocation]",
        "usage_contexts: []",
        "usage_contexts is missing or empty",
    ),
    "unknown output": ("output: clv_predictions", "output: clv_forecasts", "clv_forecasts version"),
    "unknown version": (
        "versions: [1]",
        "versions: [7]",
        "clv_predictions version 7 is not served",
    ),
    "unknown column": (
        ENTITLEMENT,
        ENTITLEMENT[:-1] + ", columns_withheld: [shoe_size]}",
        "columns_withheld names shoe_size",
    ),
    "key withheld": (
        ENTITLEMENT,
        ENTITLEMENT[:-1] + ", columns_withheld: [customer_id]}",
        "columns_withheld names customer_id",
    ),
    "output that it does not depend on": (
        f"- {ENTITLEMENT}",
        f"- {OTHER_OUTPUT}",
        "is not among what it depends on; add ref('churn_predictions', v=1)",
    ),
    "no owner": ("owner: {name: pricing}", "owner: {email: ''}", "has no owner"),
    "no maturity": ("maturity: medium", "label: Decision engine", "has no maturity"),
    "no criticality": ("criticality: medium", "importance: medium", "meta.criticality is missing"),
    "a day that is none": ("valid_until: 2028-12-31", "valid_until: soon", "valid_until is 'soon'"),
    "a key that is none": (
        "valid_until: 2028-12-31",
        "valid_to: 2028-12-31",
        "access.valid_to is unknown",
    ),
}


# Changes of the contract of clv: from, to, and dbt's message.
CONTRACT_CASES = {
    "no unit": (
        "unit: the shop's currency",
        'unit: ""',
        "config.meta.prediction.unit is missing or empty",
    ),
    "unknown use": (
        "intended_use: [budget_allocation, customer_reporting]",
        "intended_use: [budget_allocation, pricing]",
        "intended_use names pricing; expected",
    ),
    "no reason": (
        "explanations: {reasons: 3,",
        "explanations: {reasons: 0,",
        "config.meta.prediction.explanations.reasons is 0; expected",
    ),
    "unknown explanation": (
        "explanations: {reasons: 3,",
        "explanations: {reason: 3,",
        "config.meta.prediction.explanations.reason is unknown; expected reasons or shap",
    ),
    "rows chosen twice": (
        "shap: {top_share: 0.1}",
        "shap: {top_share: 0.1, score_at_least: 100}",
        "either as top_share, for example {top_share: 0.1}, or as score_at_least",
    ),
    "more than all rows": (
        "shap: {top_share: 0.1}",
        "shap: {top_share: 10}",
        "explanations.shap.top_share is 10; expected a score, or for top_share a share above 0",
    ),
    "a policy that is none": (
        "action_policy: default_score",
        "action_policy: shrug",
        "config.meta.prediction.action_policy is shrug; expected one of",
    ),
    "a target that is no share": (
        SLA,
        "sla: {owner: customer-analytics, target: 99}",
        "config.meta.prediction.sla.target is 99; expected a share of slots above 0",
    ),
    "unknown promise": (
        SLA,
        "sla: {owner: customer-analytics, targets: 0.9}",
        "config.meta.prediction.sla.targets is unknown; expected target, review_within_days",
    ),
    "nobody who promises": (SLA, "sla: {owner: ''}", "config.meta.prediction.sla.owner is missing"),
    "an escalation that asks for nothing": (
        SLA,
        "sla: {owner: customer-analytics, escalation: {breaches: 3, within_days: 30}}",
        "An escalation has breaches, within_days, and responses",
    ),
    "unknown check": (
        CHECKS,
        with_check("score_pis: {warn_above: 1, reason: A typing error.}"),
        ".checks.score_pis is not a check",
    ),
    "a limit without a reason": (
        CHECKS,
        with_check("score_psi: {warn_above: 1}"),
        ".checks.score_psi needs a reason, and limits",
    ),
    "limits on both sides": (
        CHECKS,
        with_check("score_psi: {warn_above: 1, block_below: 0, reason: Both ways.}"),
        "above or below",
    ),
    "a limit that is no number": (
        CHECKS,
        with_check("score_psi: {warn_above: high, reason: No number.}"),
        ".checks.score_psi.warn_above",
    ),
    "a scope's limit without a reason": (
        CHECKS,
        with_check(
            "score_psi: {warn_above: 1, reason: x, scopes: {former batch: {warn_above: 2}}}"
        ),
        ".checks.score_psi.scopes.former batch needs a reason",
    ),
}


def change(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def changed_exposure(text: str, case: str) -> str:
    old, new, _ = EXPOSURE_CASES[case]
    others, name, exposure = text.partition("  - name: decision_engine\n")
    if case == "no maturity":
        exposure = change(exposure, "    label: Decision engine\n", "")
    return others + name + change(exposure, old, new)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    tmp = tmp_path_factory.mktemp("consumers")
    return Project(copy_of_project(tmp), tmp, tmp / "warehouse", tmp / "target")


@pytest.fixture(scope="module")
def messages(copy: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The message of dbt for each case, and for the unchanged project."""
    exposures = (copy.folder / EXPOSURES).read_text()
    contracts = (copy.folder / CLV).read_text()
    cases = {
        "unchanged": (EXPOSURES, exposures),
        **{case: (EXPOSURES, changed_exposure(exposures, case)) for case in EXPOSURE_CASES},
        **{
            case: (CLV, change(contracts, old, new))
            for case, (old, new, _) in CONTRACT_CASES.items()
        },
    }
    tmp = tmp_path_factory.mktemp("cases")
    (tmp / "cases.json").write_text(json.dumps(cases))
    copy.module("tests.support.compile_cases", str(tmp / "cases.json"), str(tmp / "messages.json"))
    said: dict[str, str] = json.loads((tmp / "messages.json").read_text())
    assert said["unchanged"] == ""
    return said


@pytest.mark.parametrize("case", EXPOSURE_CASES)
def test_an_invalid_exposure_names_file_and_key(messages: dict[str, str], case: str) -> None:
    *_, message = EXPOSURE_CASES[case]
    assert message in messages[case]
    assert f"{EXPOSURES}: exposure decision_engine" in messages[case]


@pytest.mark.parametrize("case", CONTRACT_CASES)
def test_an_invalid_contract_names_file_and_key(messages: dict[str, str], case: str) -> None:
    *_, message = CONTRACT_CASES[case]
    assert message in messages[case]
    assert f"{CLV}: " in messages[case]


def test_a_removed_column_is_found_before_it_reaches_consumers(copy: Project) -> None:
    """The message names file, model, version and column, and the way to a new version."""
    file = copy.folder / CLV
    version = "      - v: 1\n"
    without = "        columns: [{include: all, exclude: [reason_codes]}]\n"
    file.write_text(change(file.read_text(), version, version + without))
    result = copy.command("contracts", check=False)
    assert result.returncode == 1
    assert f"{CLV}: clv_predictions version 1: the column reason_codes" in result.stdout
    for step in (
        "(text) is gone",
        "clv_predictions_v2.sql",
        "- v: 2",
        "replaces",
        "deprecation_date",
        "--accept",
    ):
        assert step in result.stdout
