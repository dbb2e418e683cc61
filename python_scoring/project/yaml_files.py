"""YAML files of the project, read without dbt."""

from pathlib import Path
from typing import Any

import yaml

# The parser in C is ten times as fast; a wheel may lack it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; empty for an empty file."""
    content: dict[str, Any] = yaml.load(file.read_text(), Loader=_Loader) or {}  # noqa: S506 - a safe loader
    return content
