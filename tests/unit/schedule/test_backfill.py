"""Batches of a backfill: as few builds as give what slot by slot gives."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_scoring.errors import PredictionError
from python_scoring.schedule.backfill import (
    Backfilled,
    Outcome,
    Slot,
    require_published,
    settle,
    slots_per_build,
    to_text,
)

FIRST = datetime(2026, 11, 2)
PRODUCTS = ("churn", "clv")


def slot(day: int, product: str = "churn") -> Slot:
    return Slot(FIRST + timedelta(days=day), product)


@dataclass
class World:
    """What builds do, as models/publishing/gate.sql and a failing model do it."""

    bad: frozenset[Slot] = frozenset()  # quarantined
    broken: frozenset[Slot] = frozenset()  # fail with all slots of their product in the build
    compared_with: dict[Slot, Slot | None] = field(default_factory=dict)  # of published runs
    quarantined: set[Slot] = field(default_factory=set)
    batches: list[list[Slot]] = field(default_factory=list)

    def build(self, batch: list[Slot]) -> dict[Slot, bool]:
        """One build of the slots; returns which of them are settled."""
        self.batches.append(batch)
        for product in sorted({slot.product for slot in batch}):
            chosen = sorted(slot for slot in batch if slot.product == product)
            if not self.broken.intersection(chosen):
                self._build_in_order(chosen)
        return {slot: slot in self.compared_with or slot in self.quarantined for slot in batch}

    def _build_in_order(self, chosen: list[Slot]) -> None:
        for slot in chosen:
            if slot in self.bad:
                self.quarantined.add(slot)
                return  # the later ones are postponed
            served = [one for one in self.compared_with if one.product == slot.product]
            before = [one for one in served if one < slot]
            self.compared_with[slot] = max(before, default=None)


def backfilled(
    slots: list[Slot], as_ofs: int, bad: frozenset[Slot], broken: frozenset[Slot]
) -> World:
    world = World(bad, broken)
    settle(slots, as_ofs, world.build)
    return world


SOME = st.frozensets(st.builds(slot, st.integers(0, 11), st.sampled_from(PRODUCTS)))


@given(slots=SOME, bad=SOME, broken=SOME, as_ofs=st.integers(2, 6))
def test_batches_give_what_slot_by_slot_gives(
    slots: frozenset[Slot], bad: frozenset[Slot], broken: frozenset[Slot], as_ofs: int
) -> None:
    """The same runs are published, compared with the same ones, whatever is bad or broken."""
    alone = World(bad, broken)
    for each in sorted(slots):
        alone.build([each])
    found = backfilled(list(slots), as_ofs, bad, broken)
    assert found.compared_with == alone.compared_with
    assert found.quarantined == alone.quarantined


def test_healthy_slots_take_one_build_per_batch() -> None:
    slots = [slot(day, product) for day in range(7) for product in PRODUCTS]
    assert len(backfilled(slots, 40, frozenset(), frozenset()).batches) == 1
    found = backfilled(slots, 3, frozenset(), frozenset())
    assert [len({each.as_of for each in batch}) for batch in found.batches] == [3, 3, 1]


def test_each_quarantined_slot_costs_one_build_more() -> None:
    """Those after it wait for the next build; nothing is tried twice that is settled."""
    found = backfilled(
        [slot(day) for day in range(8)], 40, frozenset({slot(2), slot(5)}), frozenset()
    )
    assert [len(batch) for batch in found.batches] == [8, 5, 2]


def test_a_broken_slot_is_left_after_one_attempt_alone() -> None:
    found = backfilled([slot(day) for day in range(3)], 40, frozenset(), frozenset({slot(1)}))
    assert [len(batch) for batch in found.batches] == [3, 1, 1, 1]
    assert sorted(found.compared_with) == [slot(0), slot(2)]


@pytest.mark.parametrize(
    ("customers", "expected"), [(0, 40), (2_000, 40), (100_000, 10), (2_000_000, 1)]
)
def test_many_customers_take_fewer_slots_per_build(customers: int, expected: int) -> None:
    assert slots_per_build(customers) == expected


def outcome(status: str) -> Outcome:
    return Outcome("churn", FIRST, status, "a reason")


@pytest.mark.parametrize("status", ["quarantined", "failed", "not due", "withdrawn"])
def test_a_slot_that_is_not_served_is_named_with_its_reason(status: str) -> None:
    found = Backfilled(1, [outcome("published"), outcome(status)])
    assert to_text(found).splitlines()[2:] == [f"churn            {FIRST} {status}", "  a reason"]
    with pytest.raises(PredictionError, match=f"1 of 2 slots were not published: churn {FIRST}"):
        require_published(found)


@pytest.mark.parametrize("outcomes", [[], [outcome("published")], [outcome("released")]])
def test_served_slots_are_no_error(outcomes: list[Outcome]) -> None:
    require_published(Backfilled(1, outcomes))
