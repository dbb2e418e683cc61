"""End of the complete data, per raw table.

The newest load proves nothing: one row with a wrong `loaded_at` would make every label window look
closed. A table is complete up to its last *dense* load day, no later than the clock. A dense day
has about the usual number of loads, and so does the week that it ends.
"""

from datetime import datetime

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import TrainingError

# Tables with loads every day. Customers are not among them: a customer is loaded once, and a shop
# may land them all on one day.
COUNTED_TABLES = ("orders", "events")

# Shares of the usual number of rows. A day may be a holiday, and the last day is rarely whole.
LEAST_OF_DAY, LEAST_OF_WEEK = 0.1, 0.25

# Newest load of the last dense day of a table. The usual number is the lower median: of two days,
# the one that landed the whole history does not count as usual.
_LAST_DENSE_LOAD = """
with days as (
    select cast(loaded_at as date) as day, count(*) as loads, max(loaded_at) as newest
    from lake.raw.{table}
    where loaded_at <= $clock
    group by all
),

weeks as (
    select
        *,
        sum(loads) over (order by day range between interval 6 day preceding and current row)
            as in_week
    from days
),

usual as (
    select quantile_disc(loads, 0.5) as loads, quantile_disc(in_week, 0.5) as in_week from weeks
)

select max(weeks.newest)
from weeks, usual
where weeks.loads >= $of_day * usual.loads and weeks.in_week >= $of_week * usual.in_week
"""


def complete_until(lake: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """Return the last dense load (UTC) of each table that has rows, by table.

    `lake` is a connection to which the lake is attached. Raises TrainingError if no order was ever
    landed.
    """
    found = {}
    for table in COUNTED_TABLES:
        row = lake.execute(
            _LAST_DENSE_LOAD.format(table=table),
            {"clock": clock(), "of_day": LEAST_OF_DAY, "of_week": LEAST_OF_WEEK},
        ).fetchone()
        if row and row[0]:
            found[table] = row[0]
    if "orders" not in found:
        raise TrainingError("RAW_DATA holds no usable order: there is nothing to learn from")
    return found
