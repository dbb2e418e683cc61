"""Outbox: messages that are not delivered yet, and the record of every attempt."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import duckdb

from python_scoring.errors import InputError
from python_scoring.notifications.journal import DeliveryJournal
from python_scoring.notifications.retries import DELIVERED, PENDING, Attempt
from python_scoring.warehouse import LakeWriter, Warehouse


@dataclass(frozen=True)
class Message:
    """Row of notification_messages."""

    notification_id: str
    incident_id: str | None  # None for a deprecation
    occasion: str
    product: str
    severity: str
    recipient: str
    subject: str
    body: str
    created_at: datetime


MESSAGE_COLUMNS = ", ".join(field.name for field in fields(Message))
ATTEMPT_COLUMNS = ", ".join(field.name for field in fields(Attempt))

# Tables, not the view over them: a failed first build has left messages but no view.
OPEN_MESSAGES = f"""
    select {MESSAGE_COLUMNS}
    from lake.operations.notification_messages as messages
    where not exists (
        select 1 from lake.operations.notification_attempts as attempts
        where
            attempts.notification_id = messages.notification_id
            and coalesce(attempts.message_status, attempts.outcome) = '{DELIVERED}'
    )
    order by created_at, notification_id
"""  # noqa: S608 - constants of this module
THEIR_ATTEMPTS = f"""
    select {ATTEMPT_COLUMNS} from lake.operations.notification_attempts
    where notification_id in (select notification_id from ({OPEN_MESSAGES}))
    order by attempt
"""  # noqa: S608 - constants of this module
ADD_ATTEMPT = f"""
    insert into lake.operations.notification_attempts ({ATTEMPT_COLUMNS})
    values ({", ".join("?" for _ in fields(Attempt))})
"""  # noqa: S608 - constants of this module
ADD_EVENT = """
    insert into lake.operations.incident_events (
        event_number, incident_id, product, cause, event, severity, fallback_mode, as_of,
        served_as_of, message, watermark, recorded_at, recorded_by, invocation_id
    )
    select
        (select max(event_number) from lake.operations.incident_events) + 1,
        events.incident_id, events.product, events.cause, 'notified', events.severity,
        events.fallback_mode, events.as_of, events.served_as_of,
        'told ' || messages.recipient || ' that it was ' || messages.occasion,
        null, cast(? as timestamp), null, null
    from lake.operations.notification_messages as messages
    inner join lake.operations.incident_events as events
        on messages.incident_id = events.incident_id
    where messages.notification_id = ?
    order by events.event_number desc
    limit 1
"""


class Outbox:
    """Undelivered messages, with their attempts so far."""

    def __init__(self, warehouse: Warehouse, lake: duckdb.DuckDBPyConnection) -> None:
        """Read from a connection with the lake attached.

        Raises InputError where the warehouse is older than the outbox.
        """
        self.journal = DeliveryJournal(warehouse.folder)
        try:
            messages = lake.execute(OPEN_MESSAGES).fetchall()
            attempts = [Attempt(*row) for row in lake.execute(THEIR_ATTEMPTS).fetchall()]
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise InputError(
                f"{warehouse.catalog} has no outbox yet, or an older one: expected "
                "lake.operations.notification_messages and notification_attempts with the columns "
                "of models/operations/_operations__sources.yml. Run `dbt build` once; it adds them."
            ) from error
        self._messages = {row[0]: Message(*row) for row in messages}
        self._attempts: dict[str, list[Attempt]] = {each: [] for each in self._messages}
        for attempt in [*attempts, *self.journal.attempts()]:
            self._remember(attempt)

    def open_messages(self) -> Iterator[Message]:
        """Return the messages not yet delivered to every destination, oldest first."""
        for message in self._messages.values():
            if self.status(message) != DELIVERED:
                yield message

    def attempts(self, message: Message) -> list[Attempt]:
        """Return the attempts of a message, in order."""
        return self._attempts[message.notification_id]

    def status(self, message: Message) -> str:
        """Return the last recorded status of a message."""
        attempts = self.attempts(message)
        return (attempts[-1].message_status or attempts[-1].outcome) if attempts else PENDING

    def record(self, attempt: Attempt, writer: LakeWriter) -> None:
        """Store the attempt in the lake, or in the journal while a build holds the lake."""
        self.journal.append(attempt)
        self._remember(attempt)
        settle(self.journal, writer)

    def _remember(self, attempt: Attempt) -> None:
        known = self._attempts.get(attempt.notification_id)
        if known is not None and (not known or known[-1].attempt < attempt.attempt):
            known.append(attempt)


def settle(journal: DeliveryJournal, writer: LakeWriter, timeout: float = 0) -> bool:
    """Move the journal into the lake; returns False if a build held the lake all the time.

    An attempt that the lake already has, from before a crash, is not added again.
    """
    attempts = journal.attempts()

    def work(lake: duckdb.DuckDBPyConnection) -> None:
        for attempt in attempts:
            _add(attempt, lake)

    if attempts and not writer.transact(work, timeout):
        return False
    journal.clear()
    return True


def _add(attempt: Attempt, lake: duckdb.DuckDBPyConnection) -> None:
    """Insert an attempt, and with the first delivery of a message its incident event."""
    earlier = lake.execute(
        "select attempt, outcome from lake.operations.notification_attempts"
        " where notification_id = ?",
        [attempt.notification_id],
    ).fetchall()
    if attempt.attempt in {number for number, _ in earlier}:
        return
    lake.execute(ADD_ATTEMPT, list(astuple(attempt)))
    if attempt.outcome == DELIVERED and DELIVERED not in {outcome for _, outcome in earlier}:
        lake.execute(ADD_EVENT, [attempt.attempted_at, attempt.notification_id])
