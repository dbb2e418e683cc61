"""Choice of as-ofs for a first training, from what the data hold and the contract asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.training.completeness import availability_lag, latest_as_of

# Orders before the first as-of: with less, nearly every customer is new, and features of the past
# 90 days say how old the shop is.
HISTORY = timedelta(days=60)
STEP = timedelta(days=30)
MOST = 24  # as-ofs; two years teach all seasons
SEGMENT_AS_OFS = 3  # segments learn thresholds of customers, and no outcomes


@dataclass(frozen=True)
class Choice:
    """As-ofs of a training in order, the one to judge it on, and the start of its pin.

    `is_judged` is false where the outcomes of `evaluate_on` are not complete in the data: then the
    model is trained, and its card says that it was not evaluated.
    """

    as_ofs: list[datetime]
    evaluate_on: datetime
    is_judged: bool

    @property
    def pin_from(self) -> datetime:
        """The first as-of that the model may score without having seen an outcome of it."""
        return self.evaluate_on


@dataclass(frozen=True)
class FirstOrder:
    """Time of the first order, and the time from which the first orders were known (UTC)."""

    ordered_at: datetime
    loaded_at: datetime

    @classmethod
    def of(cls, lake: duckdb.DuckDBPyConnection) -> "FirstOrder":
        """Read `lake.raw.orders`, which has a row; `lake` has the lake attached."""
        [found] = lake.execute(
            "select min(ordered_at), min(loaded_at) from lake.raw.orders"
        ).fetchall()
        return cls(*found)


@dataclass(frozen=True)
class Windows:
    """As-ofs that the data allow for a contract; each is None where they allow none.

    `first` is the first as-of with enough history to learn from. `learned` is the last one whose
    label window is complete, `scored` the last one whose features are.
    """

    first: datetime
    learned: datetime | None
    scored: datetime | None

    @classmethod
    def of(
        cls, complete: Mapping[str, datetime], known: FirstOrder, contract: ScoringContract
    ) -> "Windows":
        """Return the windows; `complete` is as `complete_until` returns it. All UTC."""
        first = _midnight(max(known.ordered_at + HISTORY, known.loaded_at)) + timedelta(days=1)
        learned = _midnight(latest_as_of(complete, contract, with_outcomes=True))
        scored = _midnight(latest_as_of(complete, contract, with_outcomes=False))
        has_orders = scored > known.ordered_at
        is_loaded = scored + availability_lag(contract) >= known.loaded_at
        return cls(
            first,
            learned if learned >= first else None,
            scored if has_orders and is_loaded else None,
        )


def choose(windows: Windows, contract: ScoringContract) -> Choice:
    """Choose monthly as-ofs, the last of them a horizon before the one to judge on.

    Where the data are too short for that, the model is trained on all complete label windows, and
    judged on none. Raises TrainingError if they are too short for a training as well.
    """
    horizon = timedelta(days=contract.horizon_days)
    learns_outcomes = contract.score_type != "segment"
    # Each as-of is foretold by a model of those at least a horizon away.
    span, most = (horizon, MOST) if learns_outcomes else (timedelta(), SEGMENT_AS_OFS)
    if windows.learned:
        for evaluate_on in (windows.learned, windows.learned + horizon):
            last = evaluate_on - horizon
            if last - windows.first >= span:
                return Choice(
                    _every_month(windows.first, last, span, most),
                    evaluate_on,
                    evaluate_on == windows.learned,
                )
    needed = windows.first + span
    found = f"them up to {windows.learned:%Y-%m-%d}" if windows.learned else "none"
    raise TrainingError(
        f"{contract.product}: the data are too short for a training. The first as-of with "
        f"{HISTORY.days} days of orders before it is {windows.first:%Y-%m-%d}, and a training "
        f"needs complete label windows of {horizon.days} days up to the as-of {needed:%Y-%m-%d}; "
        f"found {found}. Land orders of more months."
    )


def _every_month(first: datetime, last: datetime, span: timedelta, most: int) -> list[datetime]:
    found = [last - number * STEP for number in range(most) if last - number * STEP >= first]
    if found[0] - found[-1] < span:
        # Days, not months, decide where the history just suffices.
        found = [*[each for each in found if each > last - span], last - span]
    return sorted(found)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
