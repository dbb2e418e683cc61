"""Schema of the serving database: tables and functions, created once per version of their SQL."""

import hashlib
from pathlib import Path

from psycopg import sql

from python_scoring.serving.connection import Connection

# 0_operator.sql is for the operator.
FILES = sorted((Path(__file__).parent / "sql").glob("[1-9]_*.sql"))
MARK = "Bookkeeping of customer_predictions; nothing here is for consumers. SQL "


def create_schema(connection: Connection) -> None:
    """Create or replace what the SQL files define; does nothing where they are unchanged."""
    statements = [file.read_bytes() for file in FILES]
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
