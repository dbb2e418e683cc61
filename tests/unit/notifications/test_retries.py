"""Retry delays, statuses and identities of destinations."""

import re
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from python_scoring.notifications.destinations import Destinations, variable_of
from python_scoring.notifications.retries import (
    DEAD_LETTER,
    FIRST_DELAY,
    LONGEST_DELAY,
    Progress,
    after_failure,
    retry_delay,
)

NOW = datetime(2026, 11, 23, 7)


TOKEN = "s3cr3tT0ken"  # noqa: S105 - the secret that must be found nowhere


@given(st.integers(min_value=1, max_value=10_000))
def test_the_pauses_double_up_to_six_hours(tries: int) -> None:
    """From a minute on; no number of tries is too large."""
    delay = retry_delay(tries)
    assert FIRST_DELAY <= delay <= LONGEST_DELAY
    assert retry_delay(tries + 1) == min(2 * delay, LONGEST_DELAY)


@given(st.integers(min_value=1, max_value=50))
def test_a_message_is_given_up_after_exactly_so_many_tries(max_attempts: int) -> None:
    """And once it is taken up again, after as many more."""
    progress = Progress()
    for _ in range(2):
        outcomes = []
        for _ in range(max_attempts):
            progress = after_failure(progress, NOW, max_attempts)
            outcomes.append(progress.outcome)
        assert outcomes == ["failed"] * (max_attempts - 1) + [DEAD_LETTER]


@given(st.text(min_size=1))
def test_every_owner_has_a_variable_that_a_shell_can_set(owner: str) -> None:
    """Whatever the owner's name; written with other separators or in capitals it is the same."""
    variable = variable_of(owner)
    assert re.fullmatch("NOTIFY_[A-Z0-9_]+", variable)
    assert variable_of(variable.removeprefix("NOTIFY_").lower()) == variable


def test_a_destination_is_told_from_others_by_its_whole_address() -> None:
    """The same address is the same destination, twice written too; its digest does not quote it."""
    addresses = f"json://host/{TOKEN} json://host/{TOKEN} json://host/other json://other/{TOKEN}"
    found = Destinations({"NOTIFY_X": addresses}).of("x")
    again = Destinations({"NOTIFY_DEFAULT": addresses}).of("y")
    assert len({each.identity for each in found}) == 3
    assert [each.identity for each in found] == [each.identity for each in again]
