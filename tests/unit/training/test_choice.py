"""The as-ofs of a first training keep the embargo, whatever history there is."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_scoring.errors import TrainingError
from python_scoring.training.as_ofs import AsOfs, TrainingRequest
from python_scoring.training.choice import HISTORY, MOST, FirstOrder, Windows, choose
from tests.support.contracts import contract

CHURN, SEGMENTS = contract("churn"), contract("segmentation")
START = datetime(2024, 1, 1)
HORIZON = timedelta(days=90)


def windows(days: int, loaded_at: datetime = START) -> Windows:
    """The windows of a history of so many days."""
    complete = {"orders": START + timedelta(days=days)}
    return Windows.of(complete, FirstOrder(START, loaded_at), CHURN)


@given(st.integers(242, 2_000))
def test_the_choice_is_one_that_train_accepts(days: int) -> None:
    """Each as-of is foretold by others a horizon away, and the judged one lies beyond them."""
    found = choose(windows(days), CHURN)
    request = TrainingRequest(
        "churn", found.as_ofs, "2.0.0", evaluate_on=found.evaluate_on, pin_from=found.pin_from
    )
    as_ofs = AsOfs.of(request, CHURN)
    assert as_ofs.overlaps == []
    assert len(as_ofs.folds) >= 2
    assert as_ofs.evaluate_on - as_ofs.labelled[-1] == HORIZON
    assert found.pin_from >= as_ofs.labels_closed_at()
    assert found.as_ofs[0] >= START + HISTORY
    assert len(found.as_ofs) <= MOST
    last = found.evaluate_on if found.is_judged else found.as_ofs[-1]
    assert last + HORIZON + timedelta(hours=6) <= START + timedelta(days=days)


def test_a_short_history_is_trained_on_and_not_judged() -> None:
    assert not choose(windows(300), CHURN).is_judged
    assert choose(windows(332), CHURN).is_judged


def test_a_history_that_is_too_short_says_what_is_missing() -> None:
    said = (
        r"first as-of with 60 days of orders before it is 2024-03-02.*90 days up to the as-of "
        r"2024-05-31; found them up to 2024-04-03"
    )
    with pytest.raises(TrainingError, match=said):
        choose(windows(184), CHURN)


def test_nothing_is_learned_from_before_the_first_load() -> None:
    """A history that was landed at once was not known at its own past as-ofs."""
    found = windows(700, loaded_at=START + timedelta(days=699))
    assert found.first == START + timedelta(days=700)
    assert found.learned is None


def test_segments_learn_from_the_last_three_months() -> None:
    found = choose(windows(700), SEGMENTS)
    assert len(found.as_ofs) == 3
    assert found.evaluate_on - found.as_ofs[-1] == HORIZON
