"""The tables and functions of the serving database, brought there once per version of their SQL."""

import hashlib
from pathlib import Path

from psycopg import sql

from python_scoring.serving.connection import Connection

FILES = sorted((Path(__file__).parent / "sql").glob("*.sql"))
MARK = "Bookkeeping of customer_predictions; nothing here is for consumers. SQL "


def install(connection: Connection) -> None:
    """Create or replace what the SQL files define; does nothing where they are in place."""
    contents = [file.read_bytes() for file in FILES]
    mark = MARK + hashlib.sha256(b"\n".join(contents)).hexdigest()
    found = connection.execute(
        "select obj_description(to_regnamespace('serving_data'), 'pg_namespace')"
    ).fetchone()
    if found and found[0] == mark:
        return
    with connection.transaction():
        for content in contents:
            connection.execute(content)
        connection.execute(
            sql.SQL("comment on schema serving_data is {}").format(sql.Literal(mark))
        )
