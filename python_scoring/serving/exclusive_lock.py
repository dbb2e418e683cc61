"""Exclusive lock on the serving database: one publish or removal of customers at a time.

It is a lock on a table that only the publisher can name. Anyone who can log in could take an
advisory lock, and so stop publications and revocations.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from psycopg.errors import DuplicateTable, LockNotAvailable, UniqueViolation

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection, connect

LOCK_TIMEOUT = 60.0  # seconds; another publish on the same database loads a run in seconds
ENDED_AFTER = 3600.0  # seconds; twice what one statement of a publish may take

TABLE = """
create schema if not exists serving_data;
revoke all on schema serving_data from public;
create table if not exists serving_data.publisher_turn ();
"""
IS_THERE = "select to_regclass('serving_data.publisher_turn')"
LOCK = "lock table serving_data.publisher_turn in exclusive mode nowait"
HOLDERS = """
select pid, usename::text, client_addr::text, extract(epoch from clock_timestamp() - xact_start)
from pg_locks
inner join pg_stat_activity using (pid)
where
    relation = 'serving_data.publisher_turn'::regclass
    and granted
    and pid <> pg_backend_pid()
"""


@contextmanager
def exclusive_lock(dsn: str) -> Iterator[None]:
    """Hold the lock, on a connection of its own, until the end of the block.

    A session that has held it for ENDED_AFTER seconds is ended. Raises ServingError, with the
    session that holds the lock, after LOCK_TIMEOUT seconds.
    """
    with connect(dsn) as holder:
        holder.execute("set idle_in_transaction_session_timeout = 0")
        found = holder.execute(IS_THERE).fetchone()
        if not found or found[0] is None:
            with suppress(DuplicateTable, UniqueViolation):  # by another, at the same instant
                holder.execute(TABLE)
        with holder.transaction():
            _wait(holder)
            yield


def _wait(holder: Connection) -> None:
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        with suppress(LockNotAvailable), holder.transaction():
            holder.execute(LOCK)
            return
        found = holder.execute(HOLDERS).fetchall()
        for pid, _, _, seconds in found:
            if seconds and seconds > ENDED_AFTER:
                holder.execute("select pg_terminate_backend(%s)", [pid])
        if time.monotonic() > until:
            names = ", ".join(
                f"process {pid} of {user} at {address or 'this machine'}, for {seconds:.0f} s"
                for pid, user, address, seconds in found
            )
            raise ServingError(
                f"another publish has been running on this database for {LOCK_TIMEOUT:g} s: "
                f"{names or 'it has just ended'}. Wait for it to end, or end its session (select "
                f"pg_terminate_backend), and publish again; after {ENDED_AFTER:g} s the next "
                "publish ends it."
            )
        time.sleep(0.2)
