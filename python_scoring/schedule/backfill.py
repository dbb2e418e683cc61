"""Backfill of missed slots: as few builds as give what a build per slot would give."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from filelock import Timeout

from python_scoring.clock import clock
from python_scoring.errors import InputError, PredictionError
from python_scoring.project import run_dbt
from python_scoring.schedule.calendar import slots_between
from python_scoring.warehouse import Warehouse, connect_lake, lock_timeout

# As-ofs of one build. Each run adds queries of its own to the guardrails; 40 daily slots of three
# products are tested in one build.
SLOTS_PER_BUILD = 40
# Customers times as-ofs of one build: the features of all its as-ofs are computed at once, and one
# as-of of two million customers takes 3.7 GB (docs/scale.md).
CUSTOMERS_PER_BUILD = 1_000_000

SETTLED = frozenset({"published", "released", "quarantined", "withdrawn"})
SERVED = frozenset({"published", "released"})

ATTEMPTS = """
select product, as_of, status, last_entry, reason
from lake.operations.run_states
qualify row_number() over (partition by product, as_of order by last_entry desc) = 1
"""
PLANS = """
select product, as_of, count(*), arg_max(reason, rowid)
from lake.operations.plan_log
group by product, as_of
"""


class Slot(NamedTuple):
    """A product and an as-of at which it is due; slots sort by as-of."""

    as_of: datetime
    product: str


@dataclass(frozen=True)
class Outcome:
    """What became of a slot: the status of its last run, or `not due`, with the reason."""

    product: str
    as_of: datetime
    status: str
    reason: str


@dataclass(frozen=True)
class Backfilled:
    """Outcomes of all slots that were open, oldest first, and the number of builds it took."""

    builds: int
    outcomes: list[Outcome]

    def to_record(self) -> dict[str, Any]:
        """Return both as JSON types."""
        return {
            "builds": self.builds,
            "slots": [{**asdict(each), "as_of": each.as_of.isoformat()} for each in self.outcomes],
        }


def backfill(
    first: datetime,
    last: datetime,
    products: list[str],
    say: Callable[[str], None],
    *,
    quiet: bool = False,
) -> Backfilled:
    """Build every slot in [first, last] that has no published run.

    Parameters
    ----------
    first, last
        As-ofs, naive UTC; both belong to the range.
    products
        Products to build, and nothing is planned for others; none for every product.
    say
        Receives a line before each build, and the error of a build that failed.
    quiet
        Print the log of a build only where it fails.

    Raises
    ------
    InputError
        For dates in the wrong order, and where another build is in the way.
    PredictionError
        Where a build failed before it had a plan: no other build would get further.

    """
    if last < first:
        raise InputError(f"--from {first} is later than --to {last}")
    slots = _open_slots(first, last, products)
    builds = 0

    def build(batch: list[Slot]) -> dict[Slot, bool]:
        nonlocal builds
        builds += 1
        as_ofs = sorted({slot.as_of for slot in batch})
        say(
            f"build {builds}: {len(batch)} of {len(slots)} slots, {as_ofs[0]:%Y-%m-%d} to "
            f"{as_ofs[-1]:%Y-%m-%d}, {', '.join(sorted({slot.product for slot in batch}))}"
        )
        return _build(batch, say, quiet=quiet)

    settle(slots, slots_per_build(_customers()) if slots else 1, build)
    return Backfilled(builds, _outcomes(slots))


def settle(
    slots: Iterable[Slot], as_ofs: int, build: Callable[[list[Slot]], Mapping[Slot, bool]]
) -> None:
    """Call `build` with batches of slots, oldest first, until none can be settled any more.

    A later slot is compared with the earlier ones. So the slots that a batch leaves open, because
    an earlier one was quarantined, begin the next batch. A batch of which nothing was settled is
    tried slot by slot: one product, model or day then stops no other. A slot that is tried alone
    in vain is left.

    Parameters
    ----------
    slots
        The slots, in any order.
    as_ofs
        As-ofs of a batch, at most.
    build
        Builds a batch; returns for each of its slots whether nothing is left to do for it.

    """
    waiting = sorted(slots)
    alone = 0  # slots at the front that are tried one by one
    while waiting:
        chosen = sorted({slot.as_of for slot in waiting})[:as_ofs]
        batch = waiting[:1] if alone else [slot for slot in waiting if slot.as_of <= chosen[-1]]
        is_settled = build(batch)
        left = [slot for slot in batch if not is_settled[slot]]
        rest = waiting[len(batch) :]
        if alone:
            alone, left = alone - 1, []
        elif len(left) == len(batch):
            alone, left = (len(batch), left) if len(batch) > 1 else (0, [])
        waiting = left + rest


def slots_per_build(customers: int) -> int:
    """Return how many as-ofs one build computes for so many customers."""
    return max(1, min(SLOTS_PER_BUILD, CUSTOMERS_PER_BUILD // max(customers, 1)))


def to_text(found: Backfilled) -> str:
    """Return a line for each slot, and the reason below each one that is not served."""
    if not found.outcomes:
        return "Every slot between the two dates is published: nothing to do."
    lines = [f"{'product':<16} {'slot':<19} outcome"]
    for each in found.outcomes:
        lines.append(f"{each.product:<16} {each.as_of!s:<19} {each.status}")
        if each.status not in SERVED:
            lines.append(f"  {each.reason}")
    return "\n".join(lines)


def require_published(found: Backfilled) -> None:
    """Raise PredictionError where a slot is not served."""
    still_open = [each for each in found.outcomes if each.status not in SERVED]
    if still_open:
        named = ", ".join(f"{each.product} {each.as_of}" for each in still_open)
        raise PredictionError(
            f"{len(still_open)} of {len(found.outcomes)} slots were not published: {named}. "
            "lake.operations.run_ledger and plan_log say why; run the same command again to try "
            "those that are not in quarantine."
        )


def _build(batch: list[Slot], say: Callable[[str], None], *, quiet: bool) -> dict[Slot, bool]:
    """Build a batch; return for each slot whether it is settled: it has an outcome, or is not due.

    Raises PredictionError where the build failed before it planned them.
    """
    _wait_for_turn()
    plans, entries = _plans(), {slot: entry for slot, (_, entry, _) in _attempts().items()}
    error = None
    try:
        _run(batch, quiet=quiet)
    except PredictionError as caught:
        error = caught
    if error and all(_plans().get(slot) == plans.get(slot) for slot in batch):
        raise error
    if error:
        say(str(error))
    attempts = _attempts()
    tried = {
        slot for slot in batch if slot in attempts and attempts[slot][1] > entries.get(slot, 0)
    }
    return {slot: slot not in tried or attempts[slot][0] in SETTLED for slot in batch}


def _run(batch: list[Slot], *, quiet: bool) -> None:
    products = sorted({slot.product for slot in batch})
    selection = [f"+path:models/products/{product}" for product in products]
    # Elementary's tests need its own tables, which a build of everything makes.
    without = ["--exclude", "tag:elementary-tests"]
    asked_for = ",".join(f"{slot.product}/{slot.as_of.isoformat()}" for slot in batch)
    run_dbt(
        ["build", "--exclude-resource-type", "unit_test", *without, "--select", *selection],
        {"PREDICTION_AS_OF": asked_for, "BUILD_LOG": "page"},
        quiet=quiet,
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


def _rows(query: str) -> list[Any]:
    with connect_lake(Warehouse.from_environment()) as lake:
        return lake.execute(query).fetchall()


def _attempts() -> dict[Slot, tuple[str, int, str]]:
    """Return status, ledger entry and reason of the newest run of each slot."""
    return {
        Slot(as_of, product): (status, entry, reason)
        for product, as_of, status, entry, reason in _rows(ATTEMPTS)
    }


def _plans() -> dict[Slot, tuple[int, str]]:
    """Return how many builds planned each slot, and the last one's reason."""
    return {
        Slot(as_of, product): (builds, reason) for product, as_of, builds, reason in _rows(PLANS)
    }


def _customers() -> int:
    [(customers,)] = _rows("select count(*) from lake.raw.customers")
    return int(customers)


def _outcomes(slots: list[Slot]) -> list[Outcome]:
    attempts, plans = (_attempts(), _plans()) if slots else ({}, {})
    found = []
    for slot in slots:
        _, plan = plans.get(slot, (0, "no build planned it"))
        status, _, reason = attempts.get(slot, ("not due", 0, plan))
        found.append(Outcome(slot.product, slot.as_of, status, reason or plan))
    return found


def _open_slots(first: datetime, last: datetime, products: list[str]) -> list[Slot]:
    """Return the slots without a published run although their data are complete."""
    now = clock()
    contracts = _rows(
        "select product, cadence, anchor_days, availability_lag_hours"
        " from lake.operations.prediction_contracts order by product"
    )
    served = set(_rows("select as_of, product from lake.operations.run_states where is_served"))
    return sorted(
        slot
        for product, cadence, anchor_days, lag in contracts
        if not products or product in products
        for slot in (Slot(at, product) for at in slots_between(first, last, cadence, anchor_days))
        if slot.as_of >= first and slot.as_of + timedelta(hours=lag) <= now and slot not in served
    )
