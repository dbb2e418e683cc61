"""DuckDB extensions without the verification at each start."""

import functools
from pathlib import Path
from typing import Any

import duckdb


def trust_installed_extensions() -> None:
    """Load DuckDB's extensions in this process without checking their signatures.

    DuckDB hashes 110 MB for that, a quarter of a second for each database. Subprocesses with their
    own interpreter verify them, as users' commands do.
    """
    connect = duckdb.connect

    @functools.wraps(connect)
    def trusting(
        database: str | Path = ":memory:",
        read_only: bool = False,  # noqa: FBT001, FBT002 - DuckDB's own signature
        config: dict[str, Any] | None = None,
    ) -> duckdb.DuckDBPyConnection:
        trusted = {**(config or {}), "allow_unsigned_extensions": "true"}
        return connect(database, read_only=read_only, config=trusted)

    duckdb.connect = trusting
