"""End of the complete data, per raw table."""

from datetime import datetime

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import TrainingError
from python_scoring.project.sql_models import model_query

QUERY = "operations/recording/landing/complete_tables.sql"

# Tables with loads every day. Customers are not among them: a customer is loaded once, and a shop
# may land them all on one day.
COUNTED_TABLES = ("orders", "events")


def complete_until(lake: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """Return the last dense load (UTC) of each table that has rows, by table.

    The model `complete_tables` says what is dense; builds measure outcomes by it, too. `lake` is a
    connection with the lake attached. Raises TrainingError where no order was ever landed.
    """
    now = f"cast('{clock().isoformat(sep=' ')}' as timestamp)"
    rows = lake.execute(model_query(QUERY, now)).fetchall()
    found = {table: until for table, until in rows if table in COUNTED_TABLES}
    if "orders" not in found:
        raise TrainingError("RAW_DATA holds no usable order: there is nothing to learn from")
    return found
