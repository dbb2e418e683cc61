"""The project's folder, its products, and the commit that is checked out in it."""

import os
import subprocess
from pathlib import Path

PROJECT_DIR = "DBT_PROJECT_DIR"  # dbt's own variable for the folder of the project
NAME = "customer_predictions"


def is_project(folder: Path) -> bool:
    """Whether a folder is a clone of this project: its dbt_project.yml has the project's name."""
    try:
        text = (folder / "dbt_project.yml").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    # A line instead of a YAML parser, which takes longer to import than the command line.
    return any(
        line.partition("#")[0].split(":")[-1].strip(" \"'") == NAME
        for line in text.splitlines()
        if line.startswith("name:")
    )


def find_project(variable: str | None, library: Path, current: Path) -> Path:
    """Find the folder of the project.

    Parameters
    ----------
    variable
        Value of DBT_PROJECT_DIR, which precedes everything else.
    library
        Folder that holds the package `python_scoring`. It is the project in a clone, and not where
        `pip install .` has copied the package.
    current
        Current folder. The project may be that folder or one above it.

    Returns
    -------
    Path
        The first of these that is a clone of the project, else the current folder.

    """
    if variable:
        return Path(variable).resolve()
    for folder in (library, current, *current.parents):
        if is_project(folder):
            return folder
    return current


PROJECT = find_project(
    os.environ.get(PROJECT_DIR), Path(__file__).resolve().parents[2], Path.cwd().resolve()
)


def product_names(project: Path = PROJECT) -> list[str]:
    """Return the products of the project by the folders in models/products, without parsing it."""
    folder = project / "models" / "products"
    return sorted(file.parent.name for file in folder.glob("*/_*__models.yml"))


def code_version() -> str:
    """Return the checked-out commit, with `-dirty` appended if files differ from it.

    CODE_VERSION overrides it; `unknown` if git cannot tell.
    """
    if given := os.environ.get("CODE_VERSION"):
        return given
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command, without a shell
            command, cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return result.stdout.strip()
