"""Fixtures of the tests; they stand in tests/support."""

pytest_plugins = ["tests.support.fixtures", "tests.support.outbox", "tests.support.manifest"]
