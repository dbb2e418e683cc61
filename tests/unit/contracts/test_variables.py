"""Every variable of the project is checked, and a malformed one named with its place."""

import re
from typing import Any

import pytest

from python_scoring.contracts.served_outputs import project_variables
from python_scoring.contracts.variables import Variables, variable_findings
from python_scoring.errors import InputError
from python_scoring.project import PROJECT
from python_scoring.warehouse.settings import check_settings
from tests.support.malformed import ENVIRONMENT, VARS

# Folders, a text, colours of dbt, and what only `notify` reads.
WITHOUT_A_FORMAT = {
    "RAW_DATA", "WAREHOUSE", "DBT_USE_COLORS", "NOTIFY_CONFIG", "NOTIFY_<OWNER>", "NOTIFY_DEFAULT",
}  # fmt: skip
# Checked where the console log is prepared (python_scoring/project/build_log.py).
OF_THE_LOG = {"BUILD_LOG"}
# A snapshot of training data asks for it; people do not.
INTERNAL = {"SNAPSHOT_AS_OF"}


def test_every_declared_variable_has_a_check_and_malformed_values() -> None:
    """A new var fails here, until it has a format and values that do not keep to it."""
    declared = set(project_variables()) | {"as_of", "now"}
    assert set(Variables.model_fields) == declared
    assert set(VARS) == declared


def test_the_variables_of_the_project_are_well_formed() -> None:
    assert list(variable_findings(project_variables())) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [(name, value, said) for name, cases in VARS.items() for value, said in cases],
)
def test_a_malformed_variable_is_named_with_value_and_format(
    name: str, value: Any, said: str
) -> None:
    variables = {**project_variables(), name: value}
    for given, place in (((), "dbt_project.yml: vars."), ((name,), "--vars.")):
        [finding, *_] = [
            each
            for each in variable_findings(variables, given)
            if each.startswith(f"{place}{name}")
        ]
        assert said in finding
        assert "expected" in finding or "needs" in finding


@pytest.mark.parametrize(
    "value", ["2026-01-05", "2026-01-05T06:00:00Z", "2026-01-05, 2026-01-06", "clv/2026-01-05"]
)
def test_instants_are_texts_or_dates_of_yaml(value: str) -> None:
    variables = {**project_variables(), "as_of": value}
    assert list(variable_findings(variables, ("as_of",))) == []


def test_vars_of_other_packages_and_empty_ones_are_let_be() -> None:
    variables = {**project_variables(), "days_back": "x", "as_of": "", "now": None}
    assert list(variable_findings(variables, ("as_of", "now", "days_back"))) == []


def test_every_documented_environment_variable_has_a_check() -> None:
    """Of the docs' table of settings, and of what dbt's files read."""
    _, _, table = (PROJECT / "docs" / "settings.md").read_text().partition("## Environment")
    table, _, _ = table.partition("\n\nA malformed")
    named = {
        name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([A-Z_<>]+)`", row)
    }  # fmt: skip
    assert named - WITHOUT_A_FORMAT - OF_THE_LOG == set(ENVIRONMENT) - INTERNAL
    read = {
        name
        for folder in ("macros", "models")
        for file in (PROJECT / folder).rglob("*.*")
        for name in re.findall(r"env_var\('([A-Z_]+)'", file.read_text())
    }
    assert read <= set(ENVIRONMENT) | WITHOUT_A_FORMAT


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ENVIRONMENT.items() for value in values]
)
def test_a_malformed_environment_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        check_settings()
    said = str(caught.value)
    assert said.startswith(name)
    assert "xpected" in said or "for example" in said
    # A connection string may hold a password.
    assert (value in said) == (name != "SERVING_DSN")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREDICTION_NOW", "2026-11-24T07:00:00"),
        ("PREDICTION_AS_OF", "2026-11-24, 2026-11-25T06:00:00+02:00"),
        ("PREDICTION_AS_OF", "churn/2026-11-24,clv/2026-11-23T00:00:00Z"),
        ("SNAPSHOT_AS_OF", "2026-11-24T00:00:00/2026-11-24T06:00:00,2026-11-25"),
        ("DUCKDB_THREADS", "1"), ("DUCKDB_MEMORY_LIMIT", "800MB"), ("WAIT_FOR_BUILD", "0.5"),
        ("SERVING_DSN", "postgresql://user:secret@db.internal:5432/predictions?sslmode=require"),
        ("SERVING_DSN", "host=/tmp/socket port=5432 dbname=x user=postgres"),
        ("MAINTENANCE", "off"), ("RAW_LOADED_AT", "event-time"), ("ELEMENTARY", ""),
    ],
)  # fmt: skip
def test_a_proper_environment_variable_passes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    check_settings()
