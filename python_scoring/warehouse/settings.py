"""Environment variables of a build: their values are checked before it does anything.

A misspelt value would otherwise be taken for the default, or fail on the day it is first used.
"""

import os

import duckdb

from python_scoring.clock import frozen_clock, named_instant
from python_scoring.errors import InputError
from python_scoring.warehouse.connections import lock_timeout, thread_count

AS_OFS = ("PREDICTION_AS_OF", "SNAPSHOT_AS_OF")
MEMORY = "DUCKDB_MEMORY_LIMIT"
DSN = "SERVING_DSN"

SWITCHES = {
    "ELEMENTARY": ("on", "off"),
    "MAINTENANCE": ("on", "off"),
    "RAW_LOADED_AT": ("event-time",),
    "RECOMPUTE_FEATURES": ("all",),
    "VERIFY_FILES": ("all",),
}


def check_settings() -> None:
    """Raise InputError, with name, value and expected format, where a variable is malformed.

    The value of SERVING_DSN is not repeated, because it may hold a password.
    """
    for name, values in SWITCHES.items():
        value = os.environ.get(name, "")
        if value not in ("", *values):
            raise InputError(f"{name}={value}: expected {' or '.join(values)}; or leave it unset.")
    frozen_clock()
    lock_timeout()
    thread_count()
    for name in AS_OFS:
        _check_instants(name, os.environ.get(name, ""))
    _check_memory(os.environ.get(MEMORY, ""))
    _check_dsn(os.environ.get(DSN, ""))


def _check_instants(name: str, value: str) -> None:
    # Each as-of of SNAPSHOT_AS_OF may have a data cutoff after a slash.
    texts = value.replace("/", ",") if name == "SNAPSHOT_AS_OF" else value
    for text in filter(None, map(str.strip, texts.split(","))):
        named_instant(text, name)


def _check_memory(value: str) -> None:
    try:
        if value:
            duckdb.connect(config={"memory_limit": value}).close()
    except duckdb.Error:
        raise InputError(
            f"{MEMORY}={value}: expected an amount of memory, for example 4GB"
        ) from None


def _check_dsn(value: str) -> None:
    if not value:
        return
    import psycopg  # noqa: PLC0415 - most builds have no serving database

    try:
        psycopg.conninfo.conninfo_to_dict(value)
    except psycopg.ProgrammingError:
        raise InputError(
            f"{DSN} is malformed (its value is not shown, because it may hold a password): "
            "expected a connection string of PostgreSQL, for example "
            "postgresql://user@host/database or host=db.internal dbname=database user=user; or "
            "leave it unset."
        ) from None
