"""The project's folder, and the commit that is checked out in it."""

import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


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
