"""When a message is tried again, and what has become of it: arithmetic on attempts alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"
DEAD_LETTER = "dead_letter"


@dataclass(frozen=True)
class Attempt:
    """One row of notification_attempts."""

    notification_id: str
    attempt: int
    destination: str | None
    outcome: str
    attempted_at: datetime
    next_attempt_at: datetime | None
    message: str | None
    message_status: str | None


@dataclass(frozen=True)
class Progress:
    """How far a message has come at one destination; `tries` are those in vain, in a row."""

    outcome: str = PENDING
    tries: int = 0
    next_attempt_at: datetime | None = None

    def is_due(self, now: datetime, *, dead_letters: bool) -> bool:
        """Whether to try now; `dead_letters`: also where it was given up."""
        if self.outcome == FAILED:
            return self.next_attempt_at is None or self.next_attempt_at <= now
        return self.outcome == PENDING or (self.outcome == DEAD_LETTER and dead_letters)


def retry_delay(tries: int) -> timedelta:
    """How long to wait after so many tries in vain: a minute, doubled each time, to six hours."""
    doublings = min(tries - 1, 10)  # beyond them it is six hours anyway
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def after_failure(before: Progress, now: datetime, max_attempts: int) -> Progress:
    """The progress after one more try in vain: to be tried again, or given up.

    Who takes up a dead letter again starts to count anew.
    """
    tries = 1 if before.outcome == DEAD_LETTER else before.tries + 1
    if tries >= max_attempts:
        return Progress(DEAD_LETTER, tries)
    return Progress(FAILED, tries, now + retry_delay(tries))


def progress_by_destination(attempts: Iterable[Attempt]) -> dict[str | None, Progress]:
    """The progress at each destination that was tried, from its attempts in their order."""
    progress: dict[str | None, Progress] = {}
    for attempt in attempts:
        before = progress.get(attempt.destination, Progress())
        starts_anew = before.outcome == DEAD_LETTER
        tries = 0 if attempt.outcome == DELIVERED else 1 + (0 if starts_anew else before.tries)
        progress[attempt.destination] = Progress(attempt.outcome, tries, attempt.next_attempt_at)
    return progress


def message_status(progress: Iterable[Progress]) -> str:
    """What became of a message, from its progress at each of its recipient's destinations."""
    outcomes = {each.outcome for each in progress}
    for outcome in (PENDING, FAILED, DEAD_LETTER):
        if outcome in outcomes:
            return outcome
    return DELIVERED
