"""Retry schedule and status of a message, computed from its attempts alone."""

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
    """Row of notification_attempts."""

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
    """Progress of a message at one destination; `tries` counts consecutive failures."""

    outcome: str = PENDING
    tries: int = 0
    next_attempt_at: datetime | None = None

    def is_due(self, now: datetime, *, dead_letters: bool) -> bool:
        """Whether to try now; with `dead_letters` also where the message was given up."""
        if self.outcome == FAILED:
            return self.next_attempt_at is None or self.next_attempt_at <= now
        return self.outcome == PENDING or (self.outcome == DEAD_LETTER and dead_letters)


def retry_delay(tries: int) -> timedelta:
    """Return the delay after that many failures: a minute, doubled each time, up to six hours."""
    doublings = min(tries - 1, 10)  # beyond these it is six hours anyway
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def after_failure(before: Progress, now: datetime, max_attempts: int) -> Progress:
    """Return the progress after one more failure: due for a retry, or given up.

    Retrying a dead letter starts the count anew.
    """
    tries = 1 if before.outcome == DEAD_LETTER else before.tries + 1
    if tries >= max_attempts:
        return Progress(DEAD_LETTER, tries)
    return Progress(FAILED, tries, now + retry_delay(tries))


def progress_by_destination(attempts: Iterable[Attempt]) -> dict[str | None, Progress]:
    """Return the progress at each destination that was tried, from the attempts in order."""
    progress: dict[str | None, Progress] = {}
    for attempt in attempts:
        before = progress.get(attempt.destination, Progress())
        starts_anew = before.outcome == DEAD_LETTER
        tries = 0 if attempt.outcome == DELIVERED else 1 + (0 if starts_anew else before.tries)
        progress[attempt.destination] = Progress(attempt.outcome, tries, attempt.next_attempt_at)
    return progress


def message_status(progress: Iterable[Progress]) -> str:
    """Return the status of a message from its progress at each destination."""
    outcomes = {each.outcome for each in progress}
    for outcome in (PENDING, FAILED, DEAD_LETTER):
        if outcome in outcomes:
            return outcome
    return DELIVERED
