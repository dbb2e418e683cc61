"""As-ofs of a measurement keep a horizon from those that its model has learned from."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.training.as_ofs import AsOfs, TrainingRequest
from tests.support.contracts import contract

CHURN, SEGMENTS = contract("churn"), contract("segmentation")
MARCH, JUNE, SEPTEMBER = datetime(2025, 3, 1), datetime(2025, 6, 1), datetime(2025, 9, 1)


def as_ofs(*learned: datetime, asked: ScoringContract = CHURN, **more: Any) -> AsOfs:
    """The as-ofs of a training on those given."""
    return AsOfs.of(TrainingRequest("churn", list(learned), "2.0.0", **more), asked)


def test_by_default_each_as_of_is_left_out_and_then_learned_from() -> None:
    """Labelled as-ofs are used twice; the evaluation keeps the embargo."""
    found = as_ofs(JUNE, MARCH)
    assert found.labelled == [MARCH, JUNE]
    assert [(fold.left_out, fold.learned) for fold in found.folds] == [
        (MARCH, [JUNE]),
        (JUNE, [MARCH]),
    ]
    assert found.evaluate_on == datetime(2025, 8, 30)
    assert found.labels_closed_at() == datetime(2025, 8, 30)
    assert found.overlaps == []


def test_as_ofs_within_one_horizon_are_calibrated_on_a_later_one() -> None:
    """No two of them could foretell one another: the next that does not overlap is used."""
    found = as_ofs(datetime(2025, 5, 1), JUNE)
    assert found.left_out == [datetime(2025, 8, 30)]
    assert found.labelled[-1] == datetime(2025, 8, 30)


@given(st.lists(st.integers(0, 700), min_size=2, max_size=20, unique=True))
def test_no_fold_learns_from_days_of_the_as_of_that_it_leaves_out(days: list[int]) -> None:
    """Whatever as-ofs are given: label windows within a fold never overlap the one left out."""
    found = as_ofs(*(MARCH + timedelta(days=day) for day in days))
    assert found.folds
    for fold in found.folds:
        assert fold.learned
        assert all(abs(other - fold.left_out) >= timedelta(days=90) for other in fold.learned)
    assert found.evaluate_on - found.labelled[-1] >= timedelta(days=90)


def test_segments_learn_no_outcome_and_are_judged_on_a_later_one() -> None:
    """Nothing is calibrated, and a pin may start at the last as-of."""
    found = as_ofs(MARCH, JUNE, asked=SEGMENTS)
    assert found.folds == []
    assert found.labels_closed_at() == JUNE


@pytest.mark.parametrize(
    ("asked", "learned", "more", "message"),
    [
        (CHURN, [MARCH, JUNE], {"calibrate_on": [JUNE]}, "is not later than the last as-of"),
        (CHURN, [MARCH, JUNE], {"evaluate_on": JUNE}, "is not later than the last as-of"),
        (
            CHURN,
            [datetime(2026, 5, 1)],
            {"calibrate_on": [datetime(2026, 5, 2)], "evaluate_on": datetime(2026, 5, 3)},
            "--calibrate-on 2026-05-02 00:00:00 is 1 days after the as-of 2026-05-01 00:00:00",
        ),
        (
            CHURN,
            [MARCH, JUNE],
            {"evaluate_on": datetime(2025, 7, 1)},
            "expected at least the horizon of 90 days, 2025-08-30 00:00:00 or later",
        ),
        (SEGMENTS, [MARCH], {"calibrate_on": [SEPTEMBER]}, "there is nothing to calibrate"),
    ],
)
def test_measurements_that_flatter_are_refused(
    asked: ScoringContract, learned: list[datetime], more: dict[str, Any], message: str
) -> None:
    """What is judged or calibrated may not have been learned from, nor share days with it."""
    with pytest.raises(TrainingError, match=message):
        as_ofs(*learned, asked=asked, **more)


def test_an_overlap_that_is_allowed_by_name_is_recorded() -> None:
    """The card says what overlapped with what."""
    found = as_ofs(
        datetime(2026, 5, 1),
        calibrate_on=[datetime(2026, 5, 2)],
        evaluate_on=datetime(2026, 5, 3),
        allow_overlap=True,
    )
    assert [text.split(" is ")[0] for text in found.overlaps] == [
        "--calibrate-on 2026-05-02 00:00:00",
        "--evaluate-on 2026-05-03 00:00:00",
    ]
    assert [fold.learned for fold in found.folds] == [[datetime(2026, 5, 1)]]
