"""Fixtures of the tests; they stand in tests/support."""

import pytest

from tests.support.processes import start_server

pytest_plugins = ["tests.support.fixtures", "tests.support.outbox", "tests.support.manifest"]


def pytest_configure(config: pytest.Config) -> None:
    """Where there are workers, start one fork server for all of them, before they start."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        start_server()
