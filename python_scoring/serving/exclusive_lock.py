"""Exclusive lock on the serving database: one publish or removal of customers at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection

# Another publish on the same database loads a run in seconds.
LOCK_TIMEOUT = 60.0
LOCK_KEY = 5_062_870_411


@contextmanager
def exclusive_lock(connection: Connection) -> Iterator[None]:
    """Hold the database's advisory lock from here until the connection ends.

    Raises ServingError where another session keeps the lock for LOCK_TIMEOUT seconds.
    """
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        found = connection.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
        if found and found[0]:
            break
        if time.monotonic() > until:
            raise ServingError(
                f"another publish has been running on this database for {LOCK_TIMEOUT:g} s. "
                "Wait for it to end, or end its session (pg_stat_activity), and publish again."
            )
        time.sleep(0.2)
    yield
