"""Retries of statements that wait for readers, with short waits so that no reader queues behind."""

from collections.abc import Callable

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection

# While a statement waits for its lock, new readers wait behind it.
WAIT = "200ms"
LOCK_TIMEOUT = 30.0


def retry_locked(connection: Connection, work: Callable[[], object]) -> None:
    """Run `work` in a transaction that waits for a lock for WAIT at most, and retry while locked.

    Raises ServingError where readers leave no gap for LOCK_TIMEOUT seconds; the next publish tries
    again.
    """

    @retry(
        retry=retry_if_exception_type((LockNotAvailable, DeadlockDetected)),
        wait=wait_random(0.1, 0.5),
        stop=stop_after_delay(LOCK_TIMEOUT),
        reraise=True,
    )
    def attempt() -> None:
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', %s, true)", [WAIT])
            work()

    try:
        attempt()
    except LockNotAvailable as error:
        raise ServingError(
            f"a change of a table or view waited {LOCK_TIMEOUT:g} s for readers: "
            f"{_first_line(error)}. "
            "End the longest transactions (pg_stat_activity), or publish again later."
        ) from error


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [""])[0]
