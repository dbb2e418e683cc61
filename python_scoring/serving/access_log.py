"""Access log: reads and denials from the server's JSON log, after the last one loaded.

The log is read over SQL.

serving.authorize and serving.lookup_prediction log a line for each decision. Denials by PostgreSQL
itself (a view that was never granted, an internal table) are read from its error messages.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import psycopg
from psycopg.errors import InsufficientPrivilege, UndefinedFile, UndefinedTable

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection, connect, masked

DECISION = "serving access "
SECONDS_APART = 10.0  # between a decision's own clock and that of its line: more is a copied line

# How decisions were told from other lines before they had a mark. A caller can change this text.
OWN_FUNCTIONS = (
    "PL/pgSQL function serving.authorize(",
    "PL/pgSQL function serving.lookup_prediction(",
    "PL/pgSQL function serving_data.refusal(",
)
DENIAL = re.compile(
    r"permission denied for (?:view|table|sequence|function|schema|materialized view) (.+)",
    re.DOTALL,
)
PARTITION = re.compile(r"(?:run|month)_[0-9_]+")
DENIED = "42501"

CHUNK = 8_000_000
FILES = """
select name, size from pg_ls_logdir()
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
KEY = "select key, made_at at time zone 'utc' from serving_data.log_key"
OWN_NAMES = """
select nspname from pg_namespace where nspname in ('serving', 'serving_data')
union
select relname from pg_class where relnamespace::regnamespace::text in ('serving', 'serving_data')
union
select proname from pg_proc where pronamespace::regnamespace::text in ('serving', 'serving_data')
"""
ROLES_OF_LOGINS = """
select pg_roles.rolname, min(consumers.role)
from pg_roles
inner join serving_data.consumers on pg_has_role(pg_roles.oid, consumers.role_oid, 'usage')
where not pg_roles.rolsuper
group by pg_roles.rolname
having count(*) = 1
"""


@dataclass(frozen=True)
class Access:
    """One read, allowed or denied; a row of lake.operations.access_log.

    `logged_at` is naive UTC. `log_position` is the byte after the read's line in `log_file`.
    `output` and `version` are None where a denial concerns no mart, or all its versions.
    """

    logged_at: datetime
    role: str
    output: str | None
    version: int | None
    usage_context: str | None
    allowed: bool
    statement_digest: str
    log_file: str
    log_position: int
    reason: str | None


def new_entries(
    dsn: str, after: tuple[str, int] | None = None, limit: int = 100_000
) -> list[Access]:
    """The reads logged after a position, oldest first, at most `limit` of them.

    `after` is the log_file and log_position of the last read that is loaded, None for all reads.
    Raises ServingError where the server cannot be reached, writes no JSON log, or does not let the
    user of `dsn` read it.
    """
    try:
        with connect(dsn) as connection:
            reader = _Reader(connection)
            found = []
            for file, position, line in _lines(connection, after):
                entry = reader.entry(line, file, position)
                if entry:
                    found.append(entry)
                if len(found) >= limit:
                    break
            return found
    except InsufficientPrivilege as error:
        raise ServingError(
            f"the server's log may not be read ({masked(error, dsn)}). The operator lets the "
            "publisher read it, and nothing else, with python_scoring/serving/sql/0_operator.sql, "
            "once in this database."
        ) from error
    except UndefinedTable:  # nothing was published yet, so no one could read
        return []
    except psycopg.Error as error:
        raise ServingError(f"the server's log cannot be read: {masked(error, dsn)}") from error


def _lines(
    connection: Connection, after: tuple[str, int] | None
) -> Iterator[tuple[str, int, bytes]]:
    """Each complete line after the position: file, byte after the line, line."""
    found = connection.execute(IS_SET_UP).fetchone()
    read = READ_BY_OPERATOR if found and found[0] else READ
    for file, start in _starts(connection, after):
        position, rest = start, b""
        while True:
            chunk = _chunk(connection, read, file, position + len(rest))
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                position += len(line) + 1
                yield file, position, line
            if not chunk:  # the rest is a line that is still being written
                break


def _starts(connection: Connection, after: tuple[str, int] | None) -> list[tuple[str, int]]:
    """The files to read, oldest first, each with the byte to start from."""
    try:
        files = connection.execute(FILES).fetchall()
    except UndefinedFile:
        files = []
    if not files:
        raise ServingError(
            "the server writes no JSON log, so nobody knows who read what. The operator sets "
            "logging_collector = on and log_destination = 'jsonlog' in postgresql.conf."
        )
    names = [name for name, _ in files]
    if after is None or after[0] not in names:
        return [(name, 0) for name in names]
    first = names.index(after[0])
    size = files[first][1]
    # A smaller file was truncated on rotation (log_truncate_on_rotation).
    start = after[1] if after[1] <= size else 0
    return [(after[0], start), *((name, 0) for name in names[first + 1 :])]


def _chunk(connection: Connection, read: str, file: str, position: int) -> bytes:
    found = connection.execute(read, [file, position, CHUNK], binary=True).fetchone()
    return bytes(found[0]) if found and found[0] is not None else b""


class _Reader:
    """Parser of log lines; knows the objects and consumers of the serving database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        database, user = connection.execute("select current_database(), session_user").fetchall()[0]
        self._database, self._publisher = database, user
        self._own_names = {name for (name,) in connection.execute(OWN_NAMES).fetchall()}
        self._marts = {
            relation: (output, version)
            for relation, output, version in connection.execute(
                "select relation, output, version from serving_data.marts"
            ).fetchall()
        }
        self._roles: dict[str, str] = dict(connection.execute(ROLES_OF_LOGINS).fetchall())
        [(self._key, self._key_made_at)] = connection.execute(KEY, binary=True).fetchall()
        self._seen: set[str] = set()

    def entry(self, line: bytes, file: str, position: int) -> Access | None:
        """The read that a line records; None for all other lines."""
        if DECISION.encode() not in line and DENIED.encode() not in line:
            return None
        try:
            record = json.loads(line)
        except ValueError:
            return None
        if not isinstance(record, dict) or record.get("dbname") != self._database:
            return None
        if record.get("user") == self._publisher:
            return None
        decision = self._decision(record) or self._denial(record)
        if not decision:
            return None
        statement = str(record.get("statement", ""))
        return Access(
            logged_at=self._instant(str(record["timestamp"])),
            statement_digest=hashlib.sha256(statement.encode("utf-8", "replace")).hexdigest(),
            log_file=file,
            log_position=position,
            **decision,
        )

    def _decision(self, record: dict[str, Any]) -> dict[str, Any] | None:
        message = str(record.get("message"))
        if record.get("error_severity") != "LOG" or not message.startswith(DECISION):
            return None
        text = message.removeprefix(DECISION)
        logged_at = self._instant(str(record["timestamp"]))
        if logged_at < self._key_made_at:  # by a version before 0.2
            if not str(record.get("context")).startswith(OWN_FUNCTIONS):
                return None
            decision = json.loads(text)
        else:
            line, _, mark = text.rpartition(" ")
            if not hmac.compare_digest(self._mark(line), mark):
                return None
            decision = json.loads(line)
            apart = abs(decision["at"] - logged_at.replace(tzinfo=timezone.utc).timestamp())
            is_copy = decision["id"] in self._seen or decision["pid"] != record.get("pid")
            if is_copy or apart > SECONDS_APART:
                return None
            self._seen.add(decision["id"])
        return {
            "role": decision["role"],
            "output": decision["output"],
            "version": decision["version"],
            "usage_context": decision["context"],
            "allowed": decision["allowed"],
            "reason": decision["reason"],
        }

    def _mark(self, line: str) -> str:
        """The mark that serving_data.log_decision gives a line."""
        inner = hashlib.sha256(self._key + line.encode("utf-8", "replace")).digest()
        return hashlib.sha256(self._key + inner).hexdigest()

    def _denial(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Denial by PostgreSQL itself, which does not know the usage context."""
        match = DENIAL.fullmatch(str(record.get("message")))
        if record.get("state_code") != DENIED or not match:
            return None
        name = match[1]
        if name not in self._own_names and not PARTITION.fullmatch(name):
            return None
        output, version = self._marts.get(name, (None, None))
        user = str(record.get("user"))
        return {
            "role": self._roles.get(user, user),
            "output": output,
            "version": version,
            "usage_context": None,
            "allowed": False,
            "reason": match[0],
        }

    def _instant(self, text: str) -> datetime:
        """A log timestamp as naive UTC; the log may be in any time zone that PostgreSQL knows."""
        clock, _, zone = text.rpartition(" ")
        if zone in {"UTC", "GMT"}:
            return datetime.fromisoformat(clock)
        found = self._connection.execute(
            "select cast(%s as timestamptz) at time zone 'utc'", [text]
        ).fetchone()
        if not found:
            raise ServingError(f"the server's log has the timestamp {text!r}, which is none.")
        instant: datetime = found[0]
        return instant
