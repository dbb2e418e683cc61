"""Backfill of missed slots: one ordinary build each, oldest first."""

from collections.abc import Callable
from datetime import datetime, timedelta

from filelock import Timeout

from python_scoring.clock import clock
from python_scoring.errors import InputError, PredictionError
from python_scoring.project import run_dbt
from python_scoring.schedule.calendar import slots_between
from python_scoring.warehouse import Warehouse, connect_lake, lock_timeout


def backfill(
    first: datetime, last: datetime, products: list[str], echo: Callable[[str], None]
) -> None:
    """Build every slot in [first, last] that has no published run.

    One slot's failure does not stop the next. Raises PredictionError at the end if any is still
    open, and InputError for an unknown product or dates in the wrong order.
    """
    if last < first:
        raise InputError(f"--from {first} is later than --to {last}")
    slots = _open_slots(first, last, products)
    if not slots:
        echo("Every slot between the two dates is published: nothing to do.")
    for as_of, due in sorted(slots.items()):
        _wait_for_turn()
        echo(f"{as_of}: {', '.join(due)}")
        selection = [f"+path:models/products/{product}" for product in due]
        # Elementary's tests need its own tables, which a build of everything makes.
        without = ["--exclude", "tag:elementary-tests"]
        try:
            run_dbt(
                ["build", "--exclude-resource-type", "unit_test", *without, "--select", *selection],
                {"PREDICTION_AS_OF": as_of.isoformat()},
            )
        except PredictionError as error:
            echo(str(error))
    still_open = _open_slots(first, last, products) if slots else {}
    if still_open:
        raise PredictionError(
            f"{len(still_open)} of {len(slots)} slots were not published whole: "
            f"{', '.join(str(as_of) for as_of in sorted(still_open))}. "
            "lake.operations.run_ledger and plan_log say why; run the same command again to try "
            "only those."
        )


def _wait_for_turn() -> None:
    """Raise InputError where another build is in the way for longer than a build waits for one."""
    warehouse = Warehouse.from_environment()
    lock = warehouse.writer_lock()
    try:
        with lock.acquire(timeout=lock_timeout()):
            return
    except Timeout as error:
        raise InputError(
            f"{lock.lock_file}: a build was in the way for {lock_timeout():g} s. What was "
            "published before stays; run the same command again when it has ended."
        ) from error


def _open_slots(first: datetime, last: datetime, products: list[str]) -> dict[datetime, list[str]]:
    """Return, by slot, the products without a published run although their data are complete."""
    now = clock()
    with connect_lake(Warehouse.from_environment()) as lake:
        contracts = lake.execute(
            "select product, cadence, anchor_days, availability_lag_hours"
            " from lake.operations.prediction_contracts order by product"
        ).fetchall()
        served = set(
            lake.execute(
                "select product, as_of from lake.operations.run_states where is_served"
            ).fetchall()
        )
    unknown = sorted(set(products) - {product for product, *_ in contracts})
    if unknown:
        known = ", ".join(product for product, *_ in contracts)
        raise InputError(f"--product {unknown[0]}: expected one of {known}")
    slots: dict[datetime, list[str]] = {}
    for product, cadence, anchor_days, lag in contracts:
        if products and product not in products:
            continue
        for slot in slots_between(first, last, cadence, anchor_days):
            is_complete = slot + timedelta(hours=lag) <= now
            if slot >= first and is_complete and (product, slot) not in served:
                slots.setdefault(slot, []).append(product)
    return slots
