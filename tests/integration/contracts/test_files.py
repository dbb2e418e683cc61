"""Data contracts: complete, current, and valid by their standard."""

import copy
import importlib.resources
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from python_scoring.clock import clock
from python_scoring.contracts import baseline
from python_scoring.contracts.completeness import contract_gaps
from python_scoring.contracts.files import data_contract, write_contracts
from python_scoring.contracts.served_outputs import served_outputs
from python_scoring.contracts.validation import project_contracts, validate
from python_scoring.errors import InputError, PredictionError
from tests.support.manifest import Manifest
from tests.support.project import Project, copy_of_project

MART = "model.customer_predictions.churn_predictions.v2"


RANGE_TEST = "value_in_contract_range"


def test_served_outputs_match_the_recorded_schemas(manifest: Manifest) -> None:
    """The message of a failure says what to do."""
    assert baseline.findings(manifest, clock().date()) == []


def test_every_contract_is_complete(manifest: Manifest) -> None:
    assert contract_gaps(manifest) == []


def contract_of(manifest: Manifest) -> dict[str, Any]:
    contract: dict[str, Any] = manifest["nodes"][MART]["config"]["meta"]["prediction"]
    return contract


def range_test(manifest: Manifest) -> dict[str, Any]:
    return next(
        node
        for node in manifest["nodes"].values()
        if node.get("attached_node") == MART and node["test_metadata"]["name"] == RANGE_TEST
    )


GAPS: dict[str, tuple[Callable[[Manifest], object], str]] = {
    "blank meaning": (
        lambda manifest: contract_of(manifest).update(meaning=" "),
        "config.meta.prediction.meaning is missing or empty",
    ),
    "no limits": (
        lambda manifest: contract_of(manifest).pop("known_limitations"),
        "config.meta.prediction.known_limitations is missing or empty",
    ),
    "no owner": (
        lambda manifest: contract_of(manifest)["sla"].update(owner=None),
        "config.meta.prediction.sla.owner is missing or empty",
    ),
    "unknown use": (
        lambda manifest: contract_of(manifest)["intended_use"].append("pricing"),
        "intended_use names pricing; expected retention_campaign",
    ),
    "range upside down": (
        lambda manifest: contract_of(manifest)["valid_range"].update(minimum=2),
        "valid_range is 2 to 1; expected two numbers, the lower first",
    ),
    "default out of range": (
        lambda manifest: contract_of(manifest)["conservative_default"].update(score=7),
        "conservative_default.score is 7, outside of the valid range, 0 to 1",
    ),
    "no contract": (
        lambda manifest: contract_of(manifest).update(product="other"),
        "the product churn has no contract",
    ),
    "column without description": (
        lambda manifest: manifest["nodes"][MART]["columns"]["label"].update(description=""),
        "churn_predictions version 2: the column label has no description",
    ),
    "column without type": (
        lambda manifest: manifest["nodes"][MART]["columns"]["label"].update(data_type=None),
        "churn_predictions version 2: the column label has no data_type",
    ),
    "output without description": (
        lambda manifest: manifest["nodes"][MART].update(description=""),
        "churn_predictions version 2 has no description",
    ),
    "range not checked": (
        lambda manifest: manifest["nodes"].pop(range_test(manifest)["unique_id"]),
        "expected the test value_in_contract_range",
    ),
}


def test_all_findings_come_at_once(manifest: Manifest) -> None:
    """Every contract and every exposure is validated; findings name file, product and key."""
    spoiled = copy.deepcopy(manifest)
    contract_of(spoiled).update(unit="", horizon=90)
    exposure = spoiled["exposures"]["exposure.customer_predictions.decision_engine"]
    exposure["config"]["meta"].update(criticality="huge")
    exposure["config"]["meta"]["access"].update(valid_until=20281231, roles=["pricing"])
    churn = "models/products/churn/_churn__models.yml: product churn: config.meta.prediction"
    engine = "models/consumers/_consumers__exposures.yml: exposure decision_engine: config.meta"
    found = validate(spoiled).findings
    assert [text.split("; expected")[0] for text in found] == [
        f"{churn}.unit is missing or empty",
        f"{churn}.horizon is unknown",
        f"{engine}.criticality is huge",
        f"{engine}.access.valid_until is '20281231'",
        f"{engine}.access.roles is unknown",
    ]


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_is_named_with_its_place(manifest: Manifest, gap: str, tmp_path: Path) -> None:
    spoil, message = GAPS[gap]
    spoiled = copy.deepcopy(manifest)
    spoil(spoiled)
    (found,) = [said for said in contract_gaps(spoiled) if message in said]
    assert found.startswith("models/products/churn/_churn__models.yml: ")
    with pytest.raises(PredictionError, match="the contracts are incomplete"):
        write_contracts(spoiled, tmp_path)


def test_there_is_a_file_for_each_served_version(
    manifest: Manifest, files: dict[str, Manifest]
) -> None:
    assert set(files) == {f"{found.relation}.odcs.yaml" for found in served_outputs(manifest)}
    assert "churn_predictions_v2.odcs.yaml" in files


def test_the_files_keep_their_standard(files: dict[str, Manifest]) -> None:
    """The standard's JSON schema and its model, both of the locked package."""
    schema = importlib.resources.files("open_data_contract_standard") / "schema.json"
    validator = jsonschema.Draft201909Validator(json.loads(schema.read_text()))
    for name, file in files.items():
        errors = [
            f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(file)
        ]
        assert errors == []
        OpenDataContractStandard(**file)


def test_the_same_project_gives_the_same_bytes(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, now in (("one", "2026-01-01"), ("two", "2031-01-01")):
        monkeypatch.setenv("PREDICTION_NOW", now)
        write_contracts(manifest, tmp_path / folder)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_the_documented_range_is_the_contracts(
    manifest: Manifest, files: dict[str, Manifest]
) -> None:
    """In the rule that is run, in the options of the type, and in the labels."""
    for served in served_outputs(manifest):
        contract = project_contracts(manifest)[served.product]
        low, high = contract.valid_range.minimum, contract.valid_range.maximum
        (table,) = files[f"{served.relation}.odcs.yaml"]["schema"]
        columns = {column["name"]: column for column in table["properties"]}
        assert columns["score"]["logicalTypeOptions"] == {"minimum": low, "maximum": high}
        rules = {rule["name"]: rule for rule in columns["score"]["quality"]}
        assert f"between {low} and {high})" in rules["score_in_range"]["query"]
        labels = [label.name for label in contract.labels]
        assert [value["value"] for value in columns["label"]["enum"]] == labels


def test_the_end_of_a_version_is_in_its_file(files: dict[str, Manifest]) -> None:
    former, latest = (files[f"churn_predictions_v{version}.odcs.yaml"] for version in (1, 2))
    assert (former["status"], former["version"]) == ("deprecated", "1.1")
    assert (latest["status"], latest["version"]) == ("active", "2.0")
    levels = {level["property"]: level["value"] for level in former["slaProperties"]}
    assert levels["endOfLife"] == "2027-06-30"
    assert (levels["deadline"], levels["latency"], levels["target"]) == (9, 72, 99)
    properties = {one["property"]: one["value"] for one in former["customProperties"]}
    assert properties["replacedBy"] == "churn_predictions_v2"


def test_consumers_are_the_roles(files: dict[str, Manifest]) -> None:
    (role,) = files["churn_predictions_v1.odcs.yaml"]["roles"]
    properties = {one["property"]: one["value"] for one in role["customProperties"]}
    assert role["role"] == "marketing_automation"
    assert properties["usageContexts"] == ["retention_campaign"]
    assert properties["validUntil"] == "2027-06-30"
    assert "reason_codes" in properties["columnsWithheld"]


def test_the_file_of_a_removed_version_is_deleted(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "churn_predictions_v0.odcs.yaml").write_text("")
    (tmp_path / "notes.yaml").write_text("")
    write_contracts(manifest, tmp_path)
    assert not (tmp_path / "churn_predictions_v0.odcs.yaml").exists()
    assert (tmp_path / "notes.yaml").exists()


def test_a_folder_that_is_a_file_is_named(manifest: Manifest, tmp_path: Path) -> None:
    file = tmp_path / "contracts"
    file.write_text("")
    with pytest.raises(InputError, match=r"contracts: .* it is a file\. Name a folder with --out"):
        write_contracts(manifest, file)


def test_a_type_without_a_counterpart_is_named(manifest: Manifest) -> None:
    spoiled = copy.deepcopy(manifest)
    spoiled["nodes"][MART]["columns"]["label"]["data_type"] = "hugeint"
    (mart,) = [one for one in served_outputs(spoiled) if one.relation == "churn_predictions_v2"]
    with pytest.raises(InputError, match="the column label has the data_type hugeint; expected"):
        data_contract(validate(spoiled), mart, served_outputs(spoiled))


def test_a_compatible_change_is_recorded_and_a_breaking_one_refused(
    manifest: Manifest, tmp_path: Path
) -> None:
    file = tmp_path / "output_schemas.csv"
    today = date(2026, 11, 25)
    assert baseline.accept(manifest, today, file)
    assert not baseline.accept(manifest, today, file)
    changed = copy.deepcopy(manifest)
    mart = changed["nodes"][MART]
    mart["columns"]["segment"] = {**mart["columns"]["label"], "name": "segment"}
    mart["config"]["meta"]["output_schema_minor"] = 1
    (finding,) = baseline.findings(changed, today, file)
    assert "nothing would break: record it with" in finding
    assert baseline.accept(changed, today, file)
    recorded = file.read_text()
    with pytest.raises(PredictionError, match=r"consumers would break:\n.* segment .* is gone"):
        baseline.accept(manifest, today, file)
    assert file.read_text() == recorded


def test_a_project_that_cannot_be_parsed_is_named(tmp_path: Path) -> None:
    folder = copy_of_project(tmp_path)
    (folder / "models" / "broken.sql").write_text("select {{ nonsense(")
    project = Project(folder, tmp_path, tmp_path / "warehouse", tmp_path / "target")
    result = project.command("contracts", "--out", str(tmp_path / "out"), check=False)
    assert result.returncode == 1
    assert "`dbt parse" in result.stdout
    assert "models/broken.sql" in result.stdout
    assert not (tmp_path / "out").exists()
