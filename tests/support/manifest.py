"""The manifest of the project, parsed once, and the files of its data contracts."""

from typing import Any, TypeAlias

import pytest
import yaml

from python_scoring.contracts.files import write_contracts
from python_scoring.project import parsed_manifest

Manifest: TypeAlias = Any  # python_scoring.project.Manifest, of which tests change what they like


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    """The project as its files stand. Tests must not change it."""
    return parsed_manifest()


@pytest.fixture(scope="session")
def files(
    manifest: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The data contracts by the names of their files."""
    written = write_contracts(manifest, tmp_path_factory.mktemp("contracts"))
    return {file.name: yaml.safe_load(file.read_text()) for file in written}
