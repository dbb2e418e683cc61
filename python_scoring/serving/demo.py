"""`serve`: the marts in a PostgreSQL of one's own, with a login for each consumer to try."""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from psycopg import sql

from python_scoring.serving.connection import Connection, connect
from python_scoring.serving.lake_state import LONGEST_NAME
from python_scoring.serving.local import DATABASE, LocalServer, local_server
from python_scoring.serving.publishing import publish
from python_scoring.warehouse import Warehouse, connect_lake

Say = Callable[[str], None]

ENTITLED = """
select consumers.consumer, consumers.role, min(marts.relation), min(entitlements.usage_context)
from serving_data.consumers
left join serving_data.entitlements on consumers.role = entitlements.role
left join serving_data.marts
    on entitlements.output = marts.output and entitlements.version = marts.version
group by consumers.consumer, consumers.role
order by consumers.consumer
"""


def serve(
    warehouse: Warehouse, folder: Path, port: int | None, say: Say, ended: threading.Event
) -> None:
    """Publish the lake to a server in the folder, and keep it up until `ended` is set.

    The passwords of the demo logins are made anew each time, said once, and stored nowhere.
    Raises InputError where nothing was built or the folder cannot be used, ServingError where the
    server does not start.
    """
    with connect_lake(warehouse) as lake, local_server(folder, port) as server:
        for outcome in publish(lake, server.dsn):
            say(
                f"{outcome.product}: "
                + (outcome.error or f"as of {outcome.as_of}, {outcome.rows:,} rows loaded")
            )
        say(f"\nPostgreSQL runs in {server.folder} on 127.0.0.1:{server.port}.")
        say(f"The operator: {server.bin / 'psql'} '{server.dsn}'\n")
        with connect(server.dsn) as connection:
            for consumer, role, relation, context in connection.execute(ENTITLED).fetchall():
                login = f"demo_{consumer}"
                if len(login.encode()) > LONGEST_NAME:
                    say(f"{consumer}: no demo login, because {login} is too long for PostgreSQL.\n")
                    continue
                password = _demo_login(connection, login, role)
                _introduce(server, login, password, relation, context, say)
        say("Ctrl-C stops the server; what it holds stays in its folder.")
        ended.wait()


def _demo_login(connection: Connection, login: str, role: str) -> str:
    """Make the login, or give it a new password, which is returned."""
    password = secrets.token_urlsafe(18)
    # Sent as a SCRAM verifier, so that not even the server's log can hold the password.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    ).decode()
    name = sql.Identifier(login)
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [login]).fetchone()
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            sql.SQL("create" if exists is None else "alter"), name, sql.Literal(verifier)
        )
    )
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
    return password


def _introduce(
    server: LocalServer,
    login: str,
    password: str,
    relation: str | None,
    context: str | None,
    say: Say,
) -> None:
    address = f"127.0.0.1:{server.port}/{DATABASE}"
    say(f"{login}  (password {password})")
    say(f"  psql:       {server.bin / 'psql'} 'postgresql://{login}:{password}@{address}'")
    say(f"  SQLAlchemy: postgresql+psycopg://{login}:{password}@{address}")
    say(
        f"  BI tool:    PostgreSQL, host 127.0.0.1, port {server.port}, database {DATABASE}, "
        f"user {login}, schema serving"
    )
    if relation and context:
        literal = "'" + context.replace("'", "''") + "'"
        say(f"  first:      set serving.usage_context = {literal};")
        say(f"  then:       select * from serving.{relation} limit 10;")  # noqa: S608 - shown
    say("")
