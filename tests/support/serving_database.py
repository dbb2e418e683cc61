"""Database for each test on one PostgreSQL server, with helpers to publish and to read."""

import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from python_scoring.project import PROJECT
from python_scoring.serving.access_log import Load, Progress, load
from python_scoring.serving.local import LocalServer
from python_scoring.serving.log_lines import Access
from python_scoring.serving.publishing import Outcome, publish
from tests.support.serving_lake import Lake

OPERATOR_SQL = PROJECT / "python_scoring" / "serving" / "sql" / "0_operator.sql"
PASSWORD = "only-in-tests"  # noqa: S105 - of a server that lives for a test


@dataclass
class Database:
    """Serving database of a test, with connections for publisher, consumers and operator."""

    server: LocalServer
    name: str
    lake: Lake = field(default_factory=Lake)
    logins: int = 0
    connections: list[psycopg.Connection[Any]] = field(default_factory=list)

    def dsn_for(self, user: str) -> str:
        """A connection string for the database, through the socket."""
        server = self.server
        return f"host={server.socket_folder} port={server.port} dbname={self.name} user={user}"

    @property
    def dsn(self) -> str:
        """The publisher's."""
        return self.dsn_for("postgres")

    def publish(self) -> list[Outcome]:
        """Publish the lake; expected to succeed."""
        outcomes = publish(self.lake.connection, self.dsn)
        errors = [each.error for each in outcomes if each.error]
        assert not errors, errors
        return outcomes

    def operator(self) -> psycopg.Connection[Any]:
        """A superuser's connection."""
        return self._connect(self.dsn)

    def run(self, query: str, *values: Any) -> list[Any]:
        """What the operator's query returns."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), list(values) or None)
            return cursor.fetchall() if cursor.description else []

    def set_up_publisher(self, user: str) -> None:
        """What the operator does once for a publisher that is no superuser."""
        self.run(f"set serving.publisher = '{user}'; {OPERATOR_SQL.read_text()}")

    def login(self, *roles: str, context: str | None = None) -> psycopg.Connection[Any]:
        """A new login that is a member of the roles, connected in the context."""
        self.logins += 1
        name = f"login_{self.name}_{self.logins}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(
                    sql.Identifier(name), sql.Literal(PASSWORD)
                )
            )
            for role in roles:
                connection.execute(
                    sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name))
                )
        connection = self._connect(f"{self.dsn_for(name)} password={PASSWORD}")
        if context is not None:
            use(connection, context)
        return connection

    def entries(self) -> list[Access]:
        """Return all accesses in the log of this database until now."""
        return self.load()[0]

    def load(self, known: Progress | None = None) -> tuple[list[Access], Load]:
        """The reads that a load finds, and its outcome."""
        found: list[Access] = []
        loaded = load(self.dsn, known, found.extend)
        assert loaded
        assert loaded.entries == len(found)
        return found, loaded

    def rotate_log(self) -> None:
        """Have the server begin a new file; its name has the second in it."""
        current = "select pg_current_logfile('jsonlog')"
        former = self.run(current)
        while self.run(current) == former:
            self.run("select pg_rotate_logfile()")
            time.sleep(0.1)

    def close(self) -> None:
        """End every connection that was handed out."""
        for connection in self.connections:
            connection.close()

    def _connect(self, dsn: str) -> psycopg.Connection[Any]:
        connection = psycopg.connect(dsn, autocommit=True)
        self.connections.append(connection)
        return connection


def use(connection: psycopg.Connection[Any], context: str) -> None:
    """State the usage context."""
    connection.execute("select set_config('serving.usage_context', %s, false)", [context])


def ask(connection: psycopg.Connection[Any], query: str) -> list[Any]:
    """What a query returns; nothing for statements without rows."""
    if query.startswith("copy") and query.endswith("to stdout"):
        with connection.cursor().copy(query.encode()) as copy:
            return list(copy)
    cursor = connection.execute(query.encode())
    return cursor.fetchall() if cursor.description else []
