"""Commissioning of a product: a person's decision that its service starts now.

Until then, or until its first publication that consumers could use, a product is in commissioning:
`lake.operations.product_services` has its state. From the decision on, failures and missed
deadlines of the product open incidents. There is no way back.
"""

from datetime import datetime

import duckdb

from python_scoring.clock import clock
from python_scoring.errors import InputError
from python_scoring.warehouse import Warehouse, connect_lake, write_to_lake

SERVICE = "select in_service_since from lake.operations.product_services where product = ?"
RECORD = """
insert into lake.operations.commissionings
    (entry, product, commissioned_at, commissioned_by, reason)
select coalesce(max(entry), 0) + 1, $product, $commissioned_at, $commissioned_by, $reason
from lake.operations.commissionings
"""


def commission(
    warehouse: Warehouse, product: str, commissioned_by: str, reason: str
) -> datetime | None:
    """Record that a product is in service from now on.

    Returns since when it was in service already, in UTC, and records nothing then; else None.
    Raises InputError if no build of this version has ended in `warehouse`, or one is running.
    """
    with connect_lake(warehouse) as lake:
        try:
            found = lake.execute(SERVICE, [product]).fetchone()
        except duckdb.CatalogException as error:
            raise InputError(
                f"{warehouse.folder} was not built by this version yet: run dbt build, then "
                "commission the product."
            ) from error
    if found is None:
        raise InputError(
            f"{product} has no contract in {warehouse.folder}: run dbt build, then commission it."
        )
    since: datetime | None = found[0]
    if since is not None:
        return since
    decision: dict[str, object] = {
        "product": product, "commissioned_at": clock(), "commissioned_by": commissioned_by,
        "reason": reason,
    }  # fmt: skip
    with write_to_lake(warehouse) as writer:
        writer.record(RECORD, decision, "Nothing was recorded.")
    return None
