"""Environment variables of a build: their values are checked before it does anything.

A misspelt value would otherwise be taken for the default, or fail on the day it is first used.
"""

import os

import duckdb

from python_scoring.clock import frozen_clock, named_instant, split_request
from python_scoring.errors import InputError, suggestion
from python_scoring.project import product_names
from python_scoring.warehouse.connections import lock_timeout, thread_count

AS_OF = "PREDICTION_AS_OF"
SNAPSHOTS = "SNAPSHOT_AS_OF"
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
    _check_requests(os.environ.get(AS_OF, ""))
    # Each as-of may have a data cutoff after a slash.
    for text in _entries(os.environ.get(SNAPSHOTS, "").replace("/", ",")):
        named_instant(text, SNAPSHOTS)
    _check_memory(os.environ.get(MEMORY, ""))
    _check_dsn(os.environ.get(DSN, ""))


def _check_requests(value: str) -> None:
    known = product_names()
    for entry in _entries(value):
        product, instant = split_request(entry)
        if product and product not in known:
            raise InputError(
                f"{AS_OF}: {entry}: there is no product {product!r}{suggestion(product, known)}"
            )
        named_instant(instant or entry, AS_OF)


def _entries(value: str) -> list[str]:
    return [text for text in map(str.strip, value.split(",")) if text]


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
