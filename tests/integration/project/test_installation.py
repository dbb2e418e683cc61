"""`pip install .`: the library is copied out of the clone, and finds the clone it is called in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from python_scoring.project import PROJECT
from python_scoring.project.folder import find_project

# Files of the library that are no Python, by what breaks without them; model artifacts are the
# project's own.
DATA = ("*.sql", "*.html", "*.css", "*.md", "*.txt")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed a copy of the project, without a network."""
    source = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("artifacts", "__pycache__")
    shutil.copytree(PROJECT / "python_scoring", source / "python_scoring", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    target = tmp_path_factory.mktemp("site")
    alone = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", "--quiet", *alone, "--target", str(target)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, text=True)
    return target


def installed(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(site), "WAREHOUSE": "", "RAW_DATA": ""}
    environment.pop("DBT_PROJECT_DIR", None)
    return subprocess.run(
        [sys.executable, "-P", "-m", "python_scoring", *arguments]
        if sys.version_info >= (3, 11)
        else [sys.executable, str(site / "bin" / "customer-predictions"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_file_that_the_library_reads_is_installed(site: Path) -> None:
    library = PROJECT / "python_scoring"
    read = {
        file.relative_to(PROJECT)
        for pattern in DATA
        for file in library.rglob(pattern)
        if "artifacts" not in file.parts
    }
    assert len(read) > 8
    assert [file for file in sorted(read) if not (site / file).is_file()] == []


def test_the_installed_command_works_in_a_clone_and_says_where_it_does_not(
    site: Path, tmp_path: Path
) -> None:
    within = installed(site, PROJECT / "models", "train", "chrun")
    assert f"there is no product 'chrun' in {PROJECT}/models/products" in within.stderr
    outside = installed(site, tmp_path, "doctor")
    assert outside.returncode == 2
    assert "is no clone of this project" in outside.stderr


def test_the_project_is_the_clone_of_the_code_before_that_of_the_folder(tmp_path: Path) -> None:
    clone, other = tmp_path / "clone", tmp_path / "other"
    for folder in (clone, other):
        (folder / "deep").mkdir(parents=True)
        (folder / "dbt_project.yml").write_text("name: 'customer_predictions'\n")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "dbt_project.yml").write_text("name: jaffle_shop\n")
    assert find_project(None, clone, other / "deep") == clone
    assert find_project(None, tmp_path, other / "deep") == other
    assert find_project(None, tmp_path, foreign) == foreign
    assert find_project(str(other), clone, clone) == other
