"""`serve`: the marts in a local PostgreSQL server, with a demo login for each consumer."""

import re
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from psycopg import sql

from python_scoring.project.sql_text import identifier, literal
from python_scoring.serving.connection import Connection, connect
from python_scoring.serving.lake_state import LONGEST_NAME
from python_scoring.serving.local import DATABASE, LocalServer, local_server
from python_scoring.serving.publishing import publish
from python_scoring.warehouse import Warehouse, connect_lake

Echo = Callable[[str], None]

DEMO_MARK = "Demo login of customer_predictions"

# One mart and context of each consumer, for a first query; a current mart before a history.
ENTITLED = """
select distinct on (consumers.consumer)
    consumers.consumer, consumers.role, marts.relation, entitlements.usage_context
from serving_data.consumers
left join serving_data.entitlements on consumers.role = entitlements.role
left join serving_data.marts
    on entitlements.output = marts.output and entitlements.version = marts.version
order by consumers.consumer, marts.kind, marts.relation, entitlements.usage_context
"""


def serve(
    warehouse: Warehouse, folder: Path, port: int | None, echo: Echo, stop: threading.Event
) -> None:
    """Publish the lake to a server in the folder, and run it until `stop` is set.

    The demo logins get new passwords each time, which are printed once and stored nowhere.
    Raises InputError where nothing was built or the folder cannot be used, ServingError where the
    server does not start.
    """
    with local_server(folder, port) as server:
        with connect_lake(warehouse) as lake:
            outcomes = publish(lake, server.dsn)
        for outcome in outcomes:
            result = f"as of {outcome.as_of}, {outcome.rows:,} rows loaded"
            echo(f"{outcome.product}: {outcome.error or result}")
        echo(f"\nPostgreSQL runs in {server.folder} on 127.0.0.1:{server.port}.")
        echo(f"The operator: {server.bin / 'psql'} '{server.dsn}'\n")
        with connect(server.dsn) as connection:
            for consumer, role, relation, context in connection.execute(ENTITLED).fetchall():
                login = f"demo_{consumer}"
                password = _demo_login(connection, login, role)
                if password is None:
                    echo(f"{consumer}: no demo login, because {login} is too long or taken.\n")
                else:
                    _print_login(server, login, password, context, echo)
                    _print_example(login, relation, context, echo)
        echo("Ctrl-C stops the server; what it holds stays in its folder.")
        stop.wait()


def _demo_login(connection: Connection, login: str, role: str) -> str | None:
    """Create the login or change its password; returns the password, None where that failed."""
    found = connection.execute(
        "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = %s", [login]
    ).fetchone()
    if len(login.encode()) > LONGEST_NAME or (found and found[0] != DEMO_MARK):
        return None
    password = secrets.token_urlsafe(18)
    # Sent as a SCRAM verifier, so that the password cannot appear in the server's log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    ).decode()
    name = sql.Identifier(login)
    with connection.transaction():
        if not found:
            connection.execute(sql.SQL("create role {}").format(name))
            connection.execute(
                sql.SQL("comment on role {} is {}").format(name, sql.Literal(DEMO_MARK))
            )
        connection.execute(
            sql.SQL("alter role {} login password {}").format(name, sql.Literal(verifier))
        )
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
    return password


def _print_login(
    server: LocalServer, login: str, password: str, context: str | None, echo: Echo
) -> None:
    """Print how to connect; the addresses set the usage context for the whole session."""
    escaped = re.sub(r"([\s\\])", r"\\\1", context or "")
    options = quote(f"-c serving.usage_context={escaped}", safe="")
    place = f"127.0.0.1:{server.port}/{DATABASE}"
    address = f"{quote(login, safe='')}:{password}@{place}?options={options}"
    echo(f"{login}  (password {password})")
    echo(f"  psql:       {server.bin / 'psql'} 'postgresql://{address}'")
    echo(f"  SQLAlchemy: postgresql+psycopg://{address}")
    echo(
        f"  BI tool:    PostgreSQL, host 127.0.0.1, port {server.port}, database {DATABASE}, "
        f"user {login}, schema serving"
    )


def _print_example(login: str, relation: str | None, context: str | None, echo: Echo) -> None:
    """Print a first query, and how to set the usage context for a tool without options."""
    if relation and context:
        echo(f"              once, as the operator: alter role {identifier(login)}")
        echo(f"              set serving.usage_context = {literal(context)};")
        echo(f"  try:        select * from serving.{relation} limit 10;")  # noqa: S608 - shown
    echo("")
