"""Pytest set-up; the fixtures are in tests/support."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.extensions import trust_installed_extensions
from tests.support.processes import start_server

pytest_plugins = [
    "tests.support.costs",
    "tests.support.fixtures",
    "tests.support.outbox",
    "tests.support.manifest",
]

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory
NEEDED = 4 * 2**30  # bytes; all tests leave 2 GB behind
FIRST = "test_healthy_days.py"  # needs no warehouse that is built for others too


def pytest_configure(config: pytest.Config) -> None:
    """Put scratch files into memory if there is room; start one fork server for all workers."""
    trust_installed_extensions()
    if hasattr(config, "workerinput"):
        return
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    os.environ.setdefault("DUCKDB_THREADS", "1")  # the workers take the cores
    if config.getoption("numprocesses", None):
        start_server()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give one worker a long file first, while the other one builds what most files share."""
    items.sort(key=lambda item: item.path.name != FIRST)
