"""Access log: reads and denials from the server's log, with a proof that the log is complete.

Each load writes a canary into the log and reads on until it finds it, so the log is written to and
everything before the canary was read. The log's lines of decisions are compared with the server's
own count of them, which no reader can change. Anything else is recorded as a gap, with the instants
between which it lies.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg.errors import InsufficientPrivilege, UndefinedTable

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection, connect, masked
from python_scoring.serving.log_files import Line, LogFolder, Place, Start
from python_scoring.serving.log_lines import Access, LineReader, Record

BATCH = 100_000
CANARY_TIMEOUT = 10.0  # seconds; the server's collector writes within milliseconds

# The count is read before the canary is written: what it counts was logged by then. A crash resets
# all of the server's statistics, and pg_stat_reset those of the database.
COUNT = """
select
    coalesce(pg_stat_get_function_calls(to_regprocedure('serving_data.record_decision(jsonb)')), 0),
    greatest(pg_stat_database.stats_reset, pg_stat_bgwriter.stats_reset) at time zone 'utc'
from pg_stat_database
cross join pg_stat_bgwriter
where datname = current_database()
"""
WRITE_CANARY = "select serving_data.log_canary(), clock_timestamp() at time zone 'utc'"


@dataclass(frozen=True)
class Progress:
    """How far the log was loaded, and how its decisions compare with the server's count.

    Attributes
    ----------
    place
        The byte after the last line that was read: a canary, where it was found.
    read_until
        When the last load wrote its canary, in naive UTC.
    complete_until
        When the last canary that was found was written; all before it was read, but for gaps.
    counted
        Decisions that the server had counted by then.
    uncounted
        Decisions found in the log that the server had not counted yet: it counts a session's when
        its transaction has ended.

    """

    place: Place
    read_until: datetime
    complete_until: datetime
    counted: int = 0
    uncounted: int = 0


@dataclass(frozen=True)
class Load:
    """Outcome of a load: the new progress, and the gap if the log has one.

    `gap_from` and `gap_until` are naive UTC; None, with `message`, if the log is complete.
    """

    entries: int
    progress: Progress | None
    gap_from: datetime | None = None
    gap_until: datetime | None = None
    message: str | None = None


def load(dsn: str, known: Progress | None, write: Callable[[list[Access]], None]) -> Load | None:
    """Read the log from `known` to a canary of now; `write` is given the reads in batches.

    Returns None where nothing was published yet. Raises ServingError where the server cannot be
    reached, writes no JSON log, or does not let the user of `dsn` read it.
    """
    try:
        with connect(dsn) as connection:
            return _Loading(connection, known, write).run()
    except InsufficientPrivilege as error:
        raise ServingError(
            f"the server's log may not be read ({masked(error, dsn)}). The operator lets the "
            "publisher read it, and nothing else, with python_scoring/serving/sql/0_operator.sql, "
            "once in this database."
        ) from error
    except UndefinedTable:  # nothing was published yet, so no one could read
        return None
    except psycopg.Error as error:
        raise ServingError(f"the server's log cannot be read: {masked(error, dsn)}") from error


@dataclass
class _Loading:
    """One load. Reads that were only planned wait for the run of their statement."""

    connection: Connection
    known: Progress | None
    write: Callable[[list[Access]], None]
    found: int = field(default=0, init=False)
    counted_since: datetime | None = field(default=None, init=False)
    logged: int = field(default=0, init=False)
    logged_since_reset: int = field(default=0, init=False)
    entries: list[Access] = field(default_factory=list, init=False)
    planned: dict[tuple[object, ...], Access] = field(default_factory=dict, init=False)

    def run(self) -> Load:
        """Write a canary and read on until it is found."""
        reader = LineReader(self.connection)
        folder = LogFolder(self.connection)
        known = self.known
        start = folder.start_after(
            known.place if known else None, known.read_until if known else None
        )
        [(counted, self.counted_since)] = self.connection.execute(COUNT).fetchall()
        [(canary, written_at)] = self.connection.execute(WRITE_CANARY).fetchall()
        own_file = start.files[0][0] if known and not start.break_reason else None
        is_found, name, position = False, "", 0
        for line, record in _records(folder, reader, start):
            name, position = line.log_file, line.position
            if record and record.canary == canary:
                is_found = True
                break
            if not record or not record.access:
                continue
            # Another file than the last load's may begin with lines that were read already.
            if known and name != own_file and record.logged_at < to_milliseconds(known.read_until):
                continue
            self._take(record, record.access)
        self._finish()

        complete_until = known.complete_until if known else reader.key_made_at
        reasons = [start.break_reason]
        if is_found:
            missing, uncounted = self._compare(counted)
            if known and known.complete_until < known.read_until:
                reasons.append("the log is written to again")
            if missing:
                reasons.append(f"the server counted {missing:,} decisions that the log lacks")
            until = written_at
        else:
            reasons.append(
                f"a line that this build wrote did not come within {CANARY_TIMEOUT:g} s: see that "
                "logging_collector is on and log_min_messages at most log"
            )
            counted = known.counted if known else 0
            uncounted = self.logged + (known.uncounted if known else 0)
            until = complete_until
        place = Place(name, folder.identity(name), position) if name else known and known.place
        progress = Progress(place, written_at, until, counted, uncounted) if place else None
        message = "; ".join(each for each in reasons if each)
        if not message:
            return Load(self.found, progress)
        return Load(self.found, progress, complete_until, written_at, message)

    def _take(self, record: Record, access: Access) -> None:
        self.logged += record.is_counted
        if self.counted_since and record.logged_at > self.counted_since:
            self.logged_since_reset += record.is_counted
        if record.is_planned:
            self.planned[record.statement] = access
            return
        self.planned.pop(record.statement, None)
        self._add(access)

    def _add(self, access: Access) -> None:
        self.entries.append(access)
        if len(self.entries) >= BATCH:
            self._flush()

    def _finish(self) -> None:
        for access in self.planned.values():
            self._add(access)
        self._flush()

    def _flush(self) -> None:
        if self.entries:
            self.write(self.entries)
            self.found += len(self.entries)
            self.entries = []

    def _compare(self, counted: int) -> tuple[int, int]:
        """Decisions that were counted and are not in the log, and the other way around."""
        if self.known and counted < self.known.counted:  # it was reset
            more = self.logged_since_reset - counted
        else:
            before = (self.known.counted, self.known.uncounted) if self.known else (0, 0)
            more = before[1] + self.logged - (counted - before[0])
        return max(0, -more), max(0, more)


def _records(
    folder: LogFolder, reader: LineReader, start: Start
) -> Iterator[tuple[Line, Record | None]]:
    """Yield lines and what they record, and go on for CANARY_TIMEOUT as the log grows."""
    until = time.monotonic() + CANARY_TIMEOUT
    positions = dict(start.files)
    while True:
        began = time.monotonic()
        for name, position in positions.items():
            for line in folder.lines(name, position):
                positions[name] = line.position
                yield line, reader.record(line.text, name, line.position)
        if began > until:
            return
        time.sleep(0.02)
        for file in folder.files():
            if file.name not in start.older:
                positions.setdefault(file.name, 0)


def to_milliseconds(instant: datetime) -> datetime:
    """The instant as the log writes it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
