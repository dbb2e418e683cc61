"""Lines of the server's log that record reads: decisions by their mark, and PostgreSQL's denials.

serving.authorize and serving.lookup_prediction log a line for each decision (sql/3_authorize.sql).
Denials by PostgreSQL itself, of objects, roles and logins, are read from its error messages.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection

DECISION = "serving access "
CANARY = "serving canary "
SECONDS_APART = 10.0  # between a decision's own clock and that of its line: more is a copied line

# How decisions were told from other lines before they had a mark. A caller can change this text.
OWN_FUNCTIONS = (
    "PL/pgSQL function serving.authorize(",
    "PL/pgSQL function serving.lookup_prediction(",
    "PL/pgSQL function serving_data.refusal(",
)
OBJECT = re.compile(
    r"permission denied for (?:view|table|sequence|function|schema|materialized view) (.+)",
    re.DOTALL,
)
OWN_REFUSAL = "access denied: "  # raised after its decision was logged
DENIED = "42501"
FAILED_LOGIN = ("28P01", "28000")
RELEVANT = re.compile("|".join((DECISION, CANARY, DENIED, *FAILED_LOGIN)).encode())
# Instead of a name that anybody may type, who is no role: a person's, or a password.
STRANGER = "unknown login"
LONGEST_REASON = 300  # characters of a message that a caller may have chosen
ONLY_PLANNED = "Only planned: the reader saw estimates at most, and no row by this statement."

# Quoted names, comments, strings (dollar quotes first, which may hold others) and numbers of a
# statement. What is not closed goes on to the end: a reader chooses the text, and a search that
# fails would begin anew at each character.
TOKENS = re.compile(
    r"""(?P<name>"[^"]*(?:"|\Z))|--[^\n]*|(?P<comment>/\*)"""
    r"""|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)|'[^']*(?:'|\Z)|(?<![\w$])\d[\w.]*""",
    re.DOTALL,
)
COMMENT_ENDS = re.compile(r"/\*|\*/")
ADJACENT = re.compile(r"\?{2,}")
LONGEST_STATEMENT = 100_000  # characters of which a digest is taken

KEY = "select key, made_at at time zone 'utc' from serving_data.log_key"
LOGINS = "select rolname from pg_roles"
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


@dataclass(frozen=True)
class Record:
    """Content of a log line.

    Attributes
    ----------
    access
        The read, or None for a canary.
    canary
        The canary's id, or None for a read.
    is_counted
        Whether the server counted the decision as well as logging it.
    is_planned
        Whether a statement was planned that may yet be run: then the run is the read.
    statement
        Identifies the statement's plan and its runs.

    """

    logged_at: datetime
    access: Access | None = None
    canary: str | None = None
    is_counted: bool = False
    is_planned: bool = False
    statement: tuple[Any, ...] = ()


def without_values(statement: str) -> str:
    """A statement with `?` for each value and comment, or for all where it has a backslash."""
    first, last = statement.find("'"), statement.rfind("'")
    if "\\" in statement and first >= 0:
        statement = f"{statement[:first]}''{statement[last + 1 :]}"
    statement = statement[:LONGEST_STATEMENT]
    parts: list[str] = []
    position = 0
    while token := TOKENS.search(statement, position):
        parts += [statement[position : token.start()], token["name"] or "?"]
        position = _comment_end(statement, token.end()) if token["comment"] else token.end()
    # A quote that was doubled has ended one string and begun another.
    return ADJACENT.sub("?", "".join([*parts, statement[position:]]))


def _comment_end(statement: str, position: int) -> int:
    """The end of a comment from a position in it on; PostgreSQL's hold comments."""
    depth = 1
    while depth and (mark := COMMENT_ENDS.search(statement, position)):
        depth += 1 if mark[0] == "/*" else -1
        position = mark.end()
    return len(statement) if depth else position


def _plain(message: str) -> str:
    """A message on one line, cut where it is too long."""
    return " ".join(message.split())[:LONGEST_REASON]


class _RecentIds:
    """Ids of decisions, for as long as a copy of their line would be taken for one."""

    def __init__(self) -> None:
        self._newer: set[str] = set()
        self._older: set[str] = set()
        self._since: datetime | None = None

    def is_new(self, decision_id: str, at: datetime) -> bool:
        """Whether the id was not seen before; it is from now on."""
        if self._since is None or at - self._since > timedelta(seconds=2 * SECONDS_APART):
            self._newer, self._older, self._since = set(), self._newer, at
        if decision_id in self._newer or decision_id in self._older:
            return False
        self._newer.add(decision_id)
        return True


class LineReader:
    """Parser of log lines; knows the mart versions and consumers of the serving database."""

    def __init__(self, connection: Connection) -> None:
        """Read the key of the marks. Raises psycopg.Error where nothing was published yet."""
        self._connection = connection
        database, user = connection.execute("select current_database(), session_user").fetchall()[0]
        self._database, self._publisher = database, user
        self._marts = {
            relation: (output, version)
            for relation, output, version in connection.execute(
                "select relation, output, version from serving_data.marts"
            ).fetchall()
        }
        self._roles: dict[str, str] = dict(connection.execute(ROLES_OF_LOGINS).fetchall())
        self._logins = {name for (name,) in connection.execute(LOGINS).fetchall()}
        [(self._key, self.key_made_at)] = connection.execute(KEY, binary=True).fetchall()
        self._ids = _RecentIds()

    def record(self, line: bytes, file: str, position: int) -> Record | None:
        """Return the content of a line; None for all other lines."""
        if not RELEVANT.search(line):
            return None
        try:
            found = json.loads(line)
        except ValueError:
            return None
        # A parallel worker's line names no database and no user. Its mark says whose it is: each
        # database has a key of its own.
        if not isinstance(found, dict) or found.get("dbname") not in (None, self._database):
            return None
        logged_at = self._instant(str(found["timestamp"]))
        message = str(found.get("message"))
        if found.get("user") == self._publisher:
            canary = self._marked(found, message, CANARY, logged_at)
            return Record(logged_at, canary=canary.get("canary")) if canary else None
        decision = self._decision(found, message, logged_at)
        denial = self._denial(found, message) if found.get("dbname") and not decision else None
        values = decision or denial
        if not values:
            return None
        access = Access(
            logged_at=logged_at,
            role=values["role"],
            output=values["output"],
            version=values["version"],
            usage_context=values["context"],
            allowed=values["allowed"],
            statement_digest=self._digest(str(found.get("statement", ""))),
            log_file=file,
            log_position=position,
            reason=values["reason"],
        )
        is_planned = bool(values.get("planned")) and access.allowed
        return Record(
            logged_at,
            access=replace(access, reason=ONLY_PLANNED) if is_planned else access,
            is_counted=bool(values.get("counted")),
            is_planned=is_planned,
            statement=(
                found.get("pid"), access.output, access.version, access.usage_context,
                access.statement_digest,
            ),
        )  # fmt: skip

    def _decision(
        self, found: dict[str, Any], message: str, logged_at: datetime
    ) -> dict[str, Any] | None:
        if logged_at >= self.key_made_at or not found.get("dbname"):
            return self._marked(found, message, DECISION, logged_at)
        is_log = found.get("error_severity") == "LOG" and message.startswith(DECISION)
        if not is_log or not str(found.get("context")).startswith(OWN_FUNCTIONS):
            return None
        decision: dict[str, Any] = json.loads(message.removeprefix(DECISION))
        return decision

    def _marked(
        self, found: dict[str, Any], message: str, prefix: str, logged_at: datetime
    ) -> dict[str, Any] | None:
        """The values of a line that serving_data.log_marked wrote, once; None for copies of it."""
        if found.get("error_severity") != "LOG" or not message.startswith(prefix):
            return None
        text, _, mark = message.removeprefix(prefix).rpartition(" ")
        if not hmac.compare_digest(self._mark(text), mark):
            return None
        values: dict[str, Any] = json.loads(text)
        apart = abs(values["at"] - logged_at.replace(tzinfo=timezone.utc).timestamp())
        if values["pid"] != found.get("pid") or apart > SECONDS_APART:
            return None
        return values if self._ids.is_new(values["id"], logged_at) else None

    def _digest(self, statement: str) -> str:
        """Keyed digest of a statement without its values, in which customers may be named."""
        shape = b"statement " + without_values(statement).encode("utf-8", "replace")
        return hmac.new(self._key, shape, hashlib.sha256).hexdigest()

    def _mark(self, text: str) -> str:
        """The mark that serving_data.log_marked gives a text."""
        inner = hashlib.sha256(self._key + text.encode("utf-8", "replace")).digest()
        return hashlib.sha256(self._key + inner).hexdigest()

    def _denial(self, found: dict[str, Any], message: str) -> dict[str, Any] | None:
        """Denial by PostgreSQL itself, which does not know the usage context."""
        state = found.get("state_code")
        is_login = state in FAILED_LOGIN and found.get("error_severity") == "FATAL"
        is_denial = state == DENIED and not message.startswith(OWN_REFUSAL)
        if not is_login and not is_denial:
            return None
        match = OBJECT.fullmatch(message)
        output, version = self._marts.get(match[1] if match else "", (None, None))
        user = str(found.get("user"))
        is_known = user in self._logins
        return {
            "role": self._roles.get(user, user) if is_known else STRANGER,
            "output": output,
            "version": version,
            "context": None,
            "allowed": False,
            "reason": _plain(message) if is_known else "a login that does not exist was refused",
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
