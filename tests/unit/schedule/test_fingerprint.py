"""What makes a build look at everything again: a change of anything its tables are made by."""

from pathlib import Path

import pytest

from python_scoring.schedule.unchanged import project_fingerprint

MODEL = "models/orders.sql"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of three files, whose model reads the environment variable SHOP."""
    for name, text in {
        "dbt_project.yml": "name: shop",
        MODEL: "select '{{ env_var('SHOP', 'none') }}' as shop",
        "seeds/pins.csv": "product,model_version\nchurn,1.0.0\n",
        "target/manifest.json": "{}",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fingerprint(project: Path, **variables: str) -> str:
    return project_fingerprint("a1b2", variables, project)


@pytest.mark.parametrize("name", ["dbt_project.yml", MODEL, "seeds/pins.csv"])
def test_a_changed_or_renamed_file_changes_it(project: Path, name: str) -> None:
    """The same length and time do not hide a change; an unchanged project has the same again."""
    before = fingerprint(project)
    assert fingerprint(project) == before
    file = project / name
    former = file.read_text()
    file.write_text(former.replace("s", "z"))
    assert fingerprint(project) != before
    file.write_text(former)
    assert fingerprint(project) == before
    if name == MODEL:
        file.rename(file.with_name("sales.sql"))
        assert fingerprint(project) != before


def test_what_is_written_by_builds_does_not_change_it(project: Path) -> None:
    """Neither dbt's own files nor what Python compiles."""
    before = fingerprint(project)
    (project / "target" / "manifest.json").write_text('{"nodes": {}}')
    (project / "models" / "orders.cpython-311.pyc").write_bytes(b"compiled")
    assert fingerprint(project) == before


def test_variables_environment_and_code_version_change_it_and_the_clock_does_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the environment only what the project reads; the plan itself looks at the clock."""
    before = fingerprint(project)
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.setenv("PREDICTION_NOW", "2026-11-24")
    assert fingerprint(project, now="2026-11-24") == before
    assert fingerprint(project, as_of="2026-11-24") != before
    assert project_fingerprint("c3d4", {}, project) != before
    monkeypatch.setenv("SHOP", "Leipzig")
    assert fingerprint(project) != before
