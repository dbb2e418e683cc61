"""Connections to the serving database, and error texts without its password."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# A network that drops packets silently is noticed within a minute and a half.
NETWORK: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

SETTINGS = {
    "search_path": "pg_catalog",
    "timezone": "UTC",
    "datestyle": "ISO",
    "lock_timeout": "2s",
    "statement_timeout": "30min",  # one statement loads a whole run
    "idle_in_transaction_session_timeout": "10min",
    "maintenance_work_mem": "256MB",  # the index of a run is built in memory
    "max_parallel_maintenance_workers": "0",  # and leaves the other cores to readers
}


@contextmanager
def connect(dsn: str) -> Iterator[Connection]:
    """Open a connection in autocommit and UTC, with a timeout for every wait.

    Raises psycopg.Error where the server cannot be reached or refuses; see `masked`.
    """
    with psycopg.connect(
        dsn, autocommit=True, application_name="customer_predictions", **NETWORK
    ) as connection:
        for name, value in SETTINGS.items():
            connection.execute("select set_config(%s, %s, false)", [name, value])
        with suppress(psycopg.Error):  # not on every system; a killed publisher leaves no session
            connection.execute("set client_connection_check_interval = '2s'")
        yield connection


def masked(error: BaseException, dsn: str) -> str:
    """The error's text on one line, without the secrets of the connection string."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.Error:
        return (
            "SERVING_DSN is not a PostgreSQL connection string: expected postgresql://user@host/db"
        )
    secrets = [parts.get("password"), parts.get("sslpassword"), os.environ.get("PGPASSWORD")]
    text = " ".join(str(error).split())
    for secret in secrets:
        if secret:
            for spelling in (str(secret), quote(str(secret)), quote(str(secret), safe="")):
                text = text.replace(spelling, "***")
    return text or type(error).__name__
