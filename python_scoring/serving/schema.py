"""Schema of the serving database: tables and functions, created once per version of their SQL."""

import hashlib
from pathlib import Path

from psycopg import sql

from python_scoring.errors import ServingError
from python_scoring.project.sql_macros import render
from python_scoring.serving.connection import Connection

# 0_operator.sql is for the operator.
FILES = sorted((Path(__file__).parent / "sql").glob("[1-9]_*.sql"))
MARK = "Bookkeeping of customer_predictions; nothing here is for consumers. SQL "


def create_schema(connection: Connection) -> None:
    """Create or replace what the SQL files define; does nothing where they are unchanged.

    The files may call macros of `python_scoring.project.sql_macros`.

    Raises ServingError where the database is not in UTF-8: it could hold neither every id nor,
    in its log, every decision.
    """
    _check_encoding(connection)
    statements = [render(file.read_text()).encode() for file in FILES]
    mark = MARK + hashlib.sha256(b"\n".join(statements)).hexdigest()
    found = connection.execute(
        "select obj_description(to_regnamespace('serving_data'), 'pg_namespace')"
    ).fetchone()
    if found and found[0] == mark:
        return
    with connection.transaction():
        for statement in statements:
            connection.execute(statement)
        connection.execute(
            sql.SQL("comment on schema serving_data is {}").format(sql.Literal(mark))
        )


def _check_encoding(connection: Connection) -> None:
    found = connection.execute("show server_encoding").fetchone()
    if not found or found[0] != "UTF8":
        raise ServingError(
            f"the database is in the encoding {found[0] if found else None}; expected UTF8. Create "
            "it anew: create database predictions encoding 'UTF8' template template0"
        )
