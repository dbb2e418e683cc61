"""`notify`: deliver the messages of the outbox at least once, and report unreachable recipients.

Run it after every build, and every few minutes. Each attempt is recorded before the next message is
sent, so a killed process repeats one message at most; the message's id identifies the repeat.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from filelock import FileLock, Timeout

from python_scoring.clock import clock
from python_scoring.errors import DeliveryError, InputError
from python_scoring.notifications.delivery import deliver
from python_scoring.notifications.destinations import (
    CONFIG,
    DEFAULT,
    Destination,
    Destinations,
    variable_of,
)
from python_scoring.notifications.outbox import Message, Outbox, settle
from python_scoring.notifications.retries import (
    DEAD_LETTER,
    DELIVERED,
    Attempt,
    Progress,
    after_failure,
    message_status,
    progress_by_destination,
)
from python_scoring.warehouse import LakeWriter, Warehouse, connect_lake, write_to_lake

Echo = Callable[[str], None]

# Seconds to wait for another `notify`, which may have read the outbox before the last build ended.
# With a hanging server it takes longer, and waiting processes would pile up.
NOTIFY_TIMEOUT = 60.0

# Seconds to wait for a build that holds the lake, to record deliveries there.
RECORD_TIMEOUT = 300.0


@dataclass(frozen=True)
class Settings:
    """Limits of retries and waiting."""

    max_attempts: int = 8
    timeout: float = 10.0
    retry_dead_letters: bool = False


@dataclass(frozen=True)
class Delivery:
    """Attempt to deliver a message to one destination, or, of a dry run, what would be tried.

    `outcome` is `would be told`, `told`, `not told`, `given up`, or `not told yet` where the
    destination gives no answer at present.
    """

    notification_id: str
    recipient: str
    product: str
    severity: str
    subject: str
    through: str
    outcome: str
    reason: str | None = None
    next_attempt_at: datetime | None = None

    @classmethod
    def of(
        cls,
        message: Message,
        destination: Destination,
        outcome: str,
        reason: str | None = None,
        next_attempt_at: datetime | None = None,
    ) -> "Delivery":
        """Return the delivery of a message; of its destination only the kind is shown."""
        return cls(
            message.notification_id, message.recipient, message.product, message.severity,
            message.subject, destination.schema, outcome, reason, next_attempt_at,
        )  # fmt: skip


def notify(settings: Settings, echo: Echo, deliveries: list[Delivery] | None = None) -> None:
    """Deliver every message that is pending, or failed and due for a retry.

    Each attempt is printed, and appended to `deliveries`, also where an error ends the command.
    Raises InputError if nothing was built or NOTIFY_CONFIG cannot be used. After all other messages
    were sent, raises InputError for an invalid address, and DeliveryError for recipients without an
    address and while there are dead letters.
    """
    directory = _Directory()
    warehouse = Warehouse.from_environment()
    with write_to_lake(warehouse) as writer, _alone(warehouse, echo) as is_alone:
        if not is_alone:
            return
        outbox = Outbox(warehouse, writer.lake)
        settle(outbox.journal, writer)
        courier = _Courier(outbox, writer, settings, echo, [] if deliveries is None else deliveries)
        for message, destinations in directory.addressed(outbox):
            courier.carry(message, destinations)
        if not courier.tried:
            echo("Nothing is due for delivery.")
        _record_rest(outbox, writer, echo)
    directory.check(outbox)


def preview(settings: Settings, echo: Echo, deliveries: list[Delivery] | None = None) -> None:
    """Print who would get what now; sends and records nothing. Raises what `notify` raises."""
    directory = _Directory()
    warehouse = Warehouse.from_environment()
    with connect_lake(warehouse) as lake:
        outbox = Outbox(warehouse, lake)
    is_anything_due = False
    for message, destinations in directory.addressed(outbox):
        due = _due(outbox, message, destinations, settings)
        if due:
            is_anything_due = True
            if deliveries is not None:
                deliveries += [Delivery.of(message, each, "would be told") for each, _ in due]
            schemas = ", ".join(destination.schema for destination, _ in due)
            echo(f"{message.recipient} would be told through {schemas}: {message.subject}")
    if not is_anything_due:
        echo("Nothing is due for delivery.")
    directory.check(outbox)


class _Directory:
    """Destinations of the recipients, and the recipients without one."""

    def __init__(self) -> None:
        self._destinations = Destinations(os.environ)
        self._known: dict[str, list[Destination]] = {}
        self._problems: list[str] = []
        self._has_mistakes = False

    def addressed(self, outbox: Outbox) -> Iterator[tuple[Message, list[Destination]]]:
        """Yield the open messages of reachable recipients, with their destinations."""
        for message in outbox.open_messages():
            if message.recipient not in self._known:
                self._known[message.recipient] = self._look_up(message.recipient)
            if self._known[message.recipient]:
                yield message, self._known[message.recipient]

    def check(self, outbox: Outbox) -> None:
        """Raise DeliveryError for recipients without a destination or with dead letters.

        Raises InputError for an invalid address.
        """
        given_up = Counter(
            message.recipient
            for message in outbox.open_messages()
            if outbox.status(message) == DEAD_LETTER
        )
        problems = self._problems + [
            f"{count} message{'s' if count > 1 else ''} to {owner} given up; "
            "lake.operations.notifications says why. When that is mended, "
            "`customer-predictions notify --retry-dead-letters` tries again"
            for owner, count in sorted(given_up.items())
        ]
        if problems:
            error = InputError if self._has_mistakes else DeliveryError
            raise error("\n  ".join(["not everybody was told", *problems]))

    def _look_up(self, owner: str) -> list[Destination]:
        try:
            found = self._destinations.of(owner)
        except InputError as error:
            self._problems.append(f"{owner}: {error}")
            self._has_mistakes = True
            return []
        if not found:
            self._problems.append(
                f"{owner}: no destination, so its messages wait. Set {variable_of(owner)} or "
                f"{DEFAULT} to an Apprise address, or give one the tag {owner} in the file that "
                f"{CONFIG} names"
            )
        return found


class _Courier:
    """Sends messages to destinations, and records every attempt before the next."""

    def __init__(
        self,
        outbox: Outbox,
        writer: LakeWriter,
        settings: Settings,
        echo: Echo,
        deliveries: list[Delivery],
    ) -> None:
        self.tried = False
        self._deliveries = deliveries
        self._outbox = outbox
        self._writer = writer
        self._settings = settings
        self._say = echo
        self._silent: set[str] = set()

    def carry(self, message: Message, destinations: list[Destination]) -> None:
        """Deliver one message to those of its destinations that have not accepted it yet."""
        progress = _progress(self._outbox, message, destinations)
        for destination, before in _due(self._outbox, message, destinations, self._settings):
            self.tried = True
            if destination.identity in self._silent:
                # It would cost a timeout for each message; the first message tries it again.
                why = f"{destination.schema}: gives no answer now"
                self._deliveries.append(Delivery.of(message, destination, "not told yet", why))
                self._say(f"{message.recipient} not told yet ({why}): {message.subject}")
                continue
            refusal = deliver(message, destination, self._settings.timeout)
            after, reason = Progress(DELIVERED), None
            if refusal:
                after = after_failure(before, clock(), self._settings.max_attempts)
                reason = refusal.reason
                if refusal.no_answer:
                    self._silent.add(destination.identity)
            progress[destination.identity] = after
            self._record(message, destination.identity, after, reason, progress)
            self._tell(message, destination, after, reason)
        status = message_status(progress.values())
        if status in (DELIVERED, DEAD_LETTER) and status != self._outbox.status(message):
            # The remaining destinations were removed from the configuration.
            self._record(message, None, Progress(status), "no other destination is left", progress)

    def _record(
        self,
        message: Message,
        destination: str | None,
        after: Progress,
        reason: str | None,
        progress: dict[str, Progress],
    ) -> None:
        attempts = self._outbox.attempts(message)
        attempt = Attempt(
            notification_id=message.notification_id,
            attempt=attempts[-1].attempt + 1 if attempts else 1,
            destination=destination,
            outcome=after.outcome,
            attempted_at=clock(),
            next_attempt_at=after.next_attempt_at,
            message=reason,
            message_status=message_status(progress.values()),
        )
        self._outbox.record(attempt, self._writer)

    def _tell(
        self, message: Message, destination: Destination, after: Progress, reason: str | None
    ) -> None:
        again = after.next_attempt_at
        outcome = "told" if after.outcome == DELIVERED else "not told" if again else "given up"
        self._deliveries.append(Delivery.of(message, destination, outcome, reason, again))
        if after.outcome == DELIVERED:
            self._say(f"{message.recipient} told through {destination.schema}: {message.subject}")
            return
        then = f"again from {again:%Y-%m-%d %H:%M:%S}" if again else "given up"
        self._say(f"{message.recipient} not told ({reason}; {then}): {message.subject}")


def _progress(
    outbox: Outbox, message: Message, destinations: list[Destination]
) -> dict[str, Progress]:
    """Return the progress at each configured destination, in their order."""
    progress = progress_by_destination(outbox.attempts(message))
    return {each.identity: progress.get(each.identity, Progress()) for each in destinations}


def _due(
    outbox: Outbox, message: Message, destinations: list[Destination], settings: Settings
) -> list[tuple[Destination, Progress]]:
    """Return the destinations at which the message is due now."""
    if outbox.status(message) == DEAD_LETTER and not settings.retry_dead_letters:
        return []
    progress = _progress(outbox, message, destinations)
    return [
        (destination, progress[destination.identity])
        for destination in destinations
        if progress[destination.identity].is_due(clock(), dead_letters=settings.retry_dead_letters)
    ]


@contextmanager
def _alone(warehouse: Warehouse, echo: Echo) -> Iterator[bool]:
    """Whether this is the only process that delivers from the warehouse."""
    lock = FileLock(warehouse.folder / "notify.lock")
    is_alone = _acquired(lock, 0)
    if not is_alone:
        echo("Another notify is running on this warehouse; waiting for it.")
        is_alone = _acquired(lock, NOTIFY_TIMEOUT)
    if not is_alone:
        echo("It still is: the messages are left to it and to the next run.")
    try:
        yield is_alone
    finally:
        lock.release()


def _acquired(lock: FileLock, timeout: float) -> bool:
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return False
    return True


def _record_rest(outbox: Outbox, writer: LakeWriter, echo: Echo) -> None:
    """Record in the lake what could not be recorded while a build was running."""
    if settle(outbox.journal, writer):
        return
    echo("A build is running; what was delivered is recorded in the lake when it ends.")
    if not settle(outbox.journal, writer, RECORD_TIMEOUT):
        echo(f"It still is: the next notify will record it, from {outbox.journal.path}.")
