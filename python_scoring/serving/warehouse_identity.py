"""The warehouse that a serving database is of: another one would replace its predictions."""

import duckdb

from python_scoring.errors import ServingError
from python_scoring.serving.connection import Connection

OF_LAKE = """
select warehouse_id from __ducklake_metadata_lake.customer_predictions_identity
"""


def require_own(connection: Connection, lake: duckdb.DuckDBPyConnection) -> None:
    """Raise ServingError where another warehouse publishes to the database."""
    own, found = _of_lake(lake), _of_database(connection)
    if own and found and own != found:
        statement = f"update serving_data.warehouse_identity set warehouse_id = '{own}'"  # noqa: S608 - for people
        raise ServingError(
            f"the database is published to by warehouse {found}, and this is warehouse {own}: "
            "nothing was changed there. Set SERVING_DSN to a database of its own. Where this "
            "warehouse takes the other one's place, run there: " + statement
        )


def record_own(connection: Connection, lake: duckdb.DuckDBPyConnection) -> None:
    """Make an empty database, or one of a former version, that of this warehouse."""
    own = _of_lake(lake)
    if own and not _of_database(connection):
        connection.execute("insert into serving_data.warehouse_identity values (%s)", [own])


def _of_lake(lake: duckdb.DuckDBPyConnection) -> str | None:
    """None in a lake that no build has opened."""
    try:
        found = lake.execute(OF_LAKE).fetchone()
    except duckdb.CatalogException:
        return None
    return str(found[0]) if found else None


def _of_database(connection: Connection) -> str | None:
    exists = connection.execute("select to_regclass('serving_data.warehouse_identity')").fetchone()
    if not exists or exists[0] is None:
        return None
    found = connection.execute(
        "select warehouse_id from serving_data.warehouse_identity"
    ).fetchone()
    return str(found[0]) if found else None
