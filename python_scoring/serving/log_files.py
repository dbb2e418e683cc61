"""Files of the server's JSON log, read over SQL, and the place where the last load ended.

A file is identified by a digest of its first line, so that a renamed file is found again, and
another file under its name is not mistaken for it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from psycopg.errors import UndefinedFile

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection

CHUNK = 8_000_000
TICK = timedelta(seconds=2)  # by which the time of a file's change may be too early
FIRST_LINE = 65_536  # bytes; of a longer first line this many are digested

FILES = """
select name, size, modification at time zone 'utc' from pg_ls_logdir()
where name like '%.json' order by modification, name
"""
# The operator's function reads the log alone (sql/0_operator.sql); a superuser needs none.
READ_BY_OPERATOR = "select serving_operator.read_log(%s, %s, %s)"
READ = """
select pg_read_binary_file(
    current_setting('log_directory') || '/' || %s, %s, %s, true
)
"""
IS_SET_UP = "select to_regprocedure('serving_operator.read_log(text, bigint, bigint)') is not null"


@dataclass(frozen=True)
class Place:
    """The byte after a line. `identity` is None where a version before 0.2 recorded it."""

    log_file: str
    identity: str | None
    position: int


@dataclass(frozen=True)
class LogFile:
    """A file of the log; `modified` is naive UTC, to the second."""

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Line:
    """A line of the log, without its end, and the place after it."""

    text: bytes
    log_file: str
    position: int


@dataclass
class Start:
    """Files to read, oldest first, each with the byte to start from.

    `older` are names of files with nothing new. `break_reason` says why the log does not go on
    where the last load ended; None where it does.
    """

    files: list[tuple[str, int]]
    older: frozenset[str] = frozenset()
    break_reason: str | None = None


@dataclass
class LogFolder:
    """The log as a client of the server sees it."""

    connection: Connection
    _read: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Choose the function that reads files."""
        found = self.connection.execute(IS_SET_UP).fetchone()
        self._read = READ_BY_OPERATOR if found and found[0] else READ

    def files(self) -> list[LogFile]:
        """All files, oldest first. Raises ServingError where there is no JSON log."""
        try:
            files = self.connection.execute(FILES).fetchall()
        except UndefinedFile:
            files = []
        if not files:
            raise ServingError(
                "the server writes no JSON log, so reads are unknown. The operator sets "
                "logging_collector = on and log_destination = 'jsonlog' in postgresql.conf."
            )
        return [LogFile(*row) for row in files]

    def identity(self, name: str) -> str | None:
        """Digest of a file's first line; None where it has no whole line yet."""
        first, found, _ = self._chunk(name, 0, FIRST_LINE).partition(b"\n")
        if not found and len(first) < FIRST_LINE:
            return None
        return hashlib.sha256(first).hexdigest()

    def start_after(self, place: Place | None, read_until: datetime | None) -> Start:
        """Where to read on; from the beginning of all files where the log was not read before.

        Files that were last changed before `read_until`, in naive UTC, hold nothing new.
        """
        files = self.files()
        if place is None or read_until is None:
            return Start([(each.name, 0) for each in files])
        older = frozenset(each.name for each in files if each.modified < read_until - TICK)
        newer = [(each.name, 0) for each in files if each.name not in older]
        found = self._find(place, files)
        if found is None:
            is_there = place.log_file in {each.name for each in files}
            what = "replaced by another" if is_there else "removed"
            return Start(
                newer,
                older,
                f"the log file {place.log_file} was {what} before it was read to its end",
            )
        later = [each for each in newer if each[0] != found.name]
        if found.size >= place.position:
            return Start([(found.name, place.position), *later], older)
        return Start(
            [(found.name, 0), *later],
            older,
            f"the log file {found.name} was cut from {place.position} bytes to {found.size} before "
            "it was read to its end",
        )

    def _find(self, place: Place, files: list[LogFile]) -> LogFile | None:
        """The file of a place, under whatever name it has now."""
        # Its own name first: others are opened only where it is another file now.
        for each in sorted(files, key=lambda file: file.name != place.log_file):
            if place.identity is None:
                return each if each.name == place.log_file else None
            if self.identity(each.name) == place.identity:
                return each
        return None

    def lines(self, name: str, start: int) -> Iterator[Line]:
        """Yield each complete line of a file from a byte on."""
        position, rest = start, b""
        while True:
            chunk = self._chunk(name, position + len(rest), CHUNK)
            *lines, rest = (rest + chunk).split(b"\n")
            for text in lines:
                position += len(text) + 1
                yield Line(text, name, position)
            if not chunk:  # the rest is a line that is still being written
                break

    def _chunk(self, name: str, position: int, length: int) -> bytes:
        found = self.connection.execute(self._read, [name, position, length], binary=True)
        row = found.fetchone()
        return bytes(row[0]) if row and row[0] is not None else b""
