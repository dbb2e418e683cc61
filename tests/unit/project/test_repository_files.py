"""Workflows, containers and templates: they parse, and what they call is there.

None of them can be run without a forge or a container engine, so these are the mistakes that can be
found by reading them.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from python_scoring.cli.main import commands
from python_scoring.project import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
# Commands of the command line that change neither the warehouse nor the project.
READ_ONLY = {"doctor", "connect"}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def problem(command: str) -> str | None:
    """What a command line calls that does not exist; None if all is there."""
    words = shlex.split(command)
    program, *arguments = words
    if program == "make":
        targets = re.findall(r"(?m)^(?:\$\(VENV\)/)?([a-z-]+):", (PROJECT / "Makefile").read_text())
        named = [one.removeprefix(".venv/") for one in arguments if "=" not in one]
        return next((f"make {one}" for one in named if one not in targets), None)
    if program == "bash":
        return None if (PROJECT / arguments[0]).is_file() else command
    if Path(program).name == "customer-predictions":
        command_line = commands.commands.get(arguments[0])
        if command_line is None:
            return command
        options = {name for option in command_line.params for name in option.opts}
        wrong = [one for one in arguments[1:] if one.startswith("--") and one not in options]
        return f"{arguments[0]} {wrong}" if wrong else None
    return None if program == "dbt" else command


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_call_what_there_is_and_name_actions_by_commit(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow[True]  # YAML reads the key `on` as true
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [problem(step["run"]) for step in steps if "run" in step] == [
        None for step in steps if "run" in step
    ]
    for step in steps:
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for version in job.get("strategy", {}).get("matrix", {}).get("python", []):
            assert version in SUPPORTED


def test_there_are_workflows_for_tests_and_for_the_scheduled_build() -> None:
    text = {file.stem: file.read_text() for file in WORKFLOWS}
    assert text.keys() == {"tests", "nightly"}
    assert "make test" in text["tests"]
    assert "bash .ci/run" in text["tests"]
    assert "make build" in text["nightly"]


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("make tests", "make tests"),
        ("make test MINUTES=3", None),
        ("customer-predictions reprot", "customer-predictions reprot"),
        ("customer-predictions report --day 3", "report ['--day']"),
        ("bash .ci/runs", "bash .ci/runs"),
        ("rm -rf data", "rm -rf data"),
    ],
)
def test_a_command_that_is_none_is_found(command: str, found: str | None) -> None:
    assert problem(command) == found


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.name)
def test_issue_forms_are_complete(file: Path) -> None:
    form = read(file)
    if file.name == "config.yml":
        assert form["blank_issues_enabled"] is False
        return
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in form["body"])


def test_every_path_of_codeowners_exists() -> None:
    lines = (PROJECT / ".github" / "CODEOWNERS").read_text().splitlines()
    owned = [line.split() for line in lines if line and not line.startswith("#")]
    assert owned[0][0] == "*"
    for pattern, *owners in owned:
        assert owners
        assert all(owner.startswith("@") for owner in owners)
        assert pattern == "*" or (PROJECT / pattern.strip("/")).exists(), pattern


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile with their arguments, continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (PROJECT / "Dockerfile").read_text()).replace("\\\n", " ")
    found = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in found]


def test_the_image_is_locked_runs_without_root_and_checks_its_health() -> None:
    named: dict[str, list[str]] = {}
    for name, rest in instructions():
        named.setdefault(name, []).append(rest)
    bases = {rest.split()[0] for rest in named["FROM"]}
    assert len(bases) == 1
    [base] = bases
    assert re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
    assert base.split(":")[1].split("-")[0] in SUPPORTED
    installs = [part for run in named["RUN"] for part in run.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)
    last = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    users = [rest for name, rest in instructions()[last:] if name == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    [health] = named["HEALTHCHECK"]
    checked = json.loads(health.partition("CMD ")[2])
    assert problem(shlex.join(checked)) is None
    assert checked[1] in READ_ONLY
    assert problem(shlex.join(json.loads(named["CMD"][-1]))) is None


def test_the_image_leaves_out_what_belongs_to_this_machine() -> None:
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    kept_out = [line.strip("/") for line in (PROJECT / ".gitignore").read_text().splitlines()]
    assert {".git", ".env", ".venv", "data", "target", "logs", "dbt_packages"} <= set(ignored)
    assert {".env", ".venv", "data", "target", "logs", "dbt_packages"} <= set(kept_out)


def test_compose_mounts_what_exists_and_holds_no_password() -> None:
    compose = read(PROJECT / "compose.yaml")
    services = compose["services"]
    for name, service in services.items():
        assert ("image" in service) != (service.get("build") == "."), name
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            exists = (
                (PROJECT / source).is_file() if source[0] == "." else source in compose["volumes"]
            )
            assert exists, volume
        if isinstance(service.get("command"), list):
            assert problem(shlex.join(service["command"])) is None
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or "DSN" in variable:
                assert re.search(r"\$\{\w+:\?", value), variable
    assert all(port.startswith("127.0.0.1:") for port in services["postgres"]["ports"])
    # What docs/consumers.md asks of the operator.
    for setting in ("logging_collector=on", "log_destination=jsonlog", "lc_messages=C"):
        assert setting in services["postgres"]["command"]


def test_the_development_container_is_set_up_by_the_makefile() -> None:
    container = json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text())
    assert re.fullmatch(r"python:(3\.\d+)-\w+", container["image"])
    assert problem(container["postCreateCommand"]) is None


def test_the_newest_release_is_dated_and_is_the_version_of_the_project() -> None:
    """CHANGELOG, pyproject.toml and dbt_project.yml agree; releases are in order."""
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    headings = re.findall(r"(?m)^## (.+)$", changelog)
    released = [
        re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d\d-\d\d)\)", heading)
        for heading in headings
        if heading != "Unreleased"
    ]
    assert headings[0] == "Unreleased"
    assert released
    versions = [(tuple(map(int, found.groups()[:3])), found[4]) for found in released if found]
    assert len(versions) == len(released), headings
    assert versions == sorted(versions, reverse=True)
    newest = ".".join(map(str, versions[0][0]))
    assert f'\nversion = "{newest}"\n' in (PROJECT / "pyproject.toml").read_text()
    assert read(PROJECT / "dbt_project.yml")["version"] == newest
