"""Delivery of one message to one destination, through Apprise and within a timeout."""

import math
import re
import time
from dataclasses import dataclass
from threading import Thread

from apprise import NotifyFormat, NotifyType
from apprise.plugins.custom_json import NotifyJSON

from python_scoring.notifications.destinations import Destination
from python_scoring.notifications.outbox import Message
from python_scoring.notifications.private_logs import overheard

KINDS = {"high": NotifyType.FAILURE, "medium": NotifyType.WARNING, "low": NotifyType.INFO}

# The timeout of a request ends it cleanly, so it comes first; this one is for hangs that it does
# not end.
GRACE = 1.0


@dataclass(frozen=True)
class Refusal:
    """Reason why a message was not accepted, without any address or answer in it."""

    reason: str
    no_answer: bool = False


def deliver(message: Message, destination: Destination, timeout: float) -> Refusal | None:
    """Send the message once, without a retry; returns None if the destination accepted it.

    A destination that hangs, or that answers a byte now and then, is given up after the timeout. It
    may have accepted the message, so it will get it again.
    """
    service = destination.service
    service.socket_connect_timeout = service.socket_read_timeout = timeout
    accepted: list[bool] = []
    body = _body(message, destination)

    def send() -> None:
        try:
            # Not through Apprise.notify, which retries by itself if the address says so.
            accepted.append(
                service.notify(
                    title=message.subject,
                    body=body,
                    notify_type=_kind(message),
                    body_format=NotifyFormat.TEXT,
                )
            )
        except Exception:  # noqa: BLE001 - some hundred services, each with errors of its own
            accepted.append(False)

    started = time.monotonic()
    with overheard() as apprise:
        # The thread can be left behind; it ends with the process at the latest.
        thread = Thread(target=send, daemon=True)
        thread.start()
        thread.join(timeout=_seconds_allowed(destination, body, timeout))
    if accepted == [True]:
        return None
    status = re.search(r"\berror=(\d{3})\b", apprise.text)
    if accepted and status:
        return Refusal(f"{destination.schema}: not accepted (HTTP {status.group(1)})")
    if not accepted or time.monotonic() - started >= timeout:
        return Refusal(f"{destination.schema}: no answer within {timeout:g} s", no_answer=True)
    is_unreachable = "onnection error" in apprise.text
    return Refusal(f"{destination.schema}: {'out of reach' if is_unreachable else 'not accepted'}")


def _body(message: Message, destination: Destination) -> str:
    """Return the text with the id by which a receiver drops a repeat; a webhook gets a field."""
    text = message.body or message.subject
    service = destination.service
    if not isinstance(service, NotifyJSON):
        return f"{text}\n\nnotification_id: {message.notification_id}"
    service.payload_extras.update(
        notification_id=message.notification_id,
        incident_id=message.incident_id,
        occasion=message.occasion,
        product=message.product,
        severity=message.severity,
    )
    return text


def _kind(message: Message) -> NotifyType:
    if message.occasion == "resolved":
        return NotifyType.SUCCESS
    return KINDS.get(message.severity, NotifyType.WARNING)


def _seconds_allowed(destination: Destination, body: str, timeout: float) -> float:
    """Return the timeout for all requests of a message.

    An address may have several targets, and a long text several parts. Pauses that Apprise makes
    between requests do not count.
    """
    service = destination.service
    targets = max(1, len(service) // (service.retry + 1))
    parts = math.ceil(len(body) / max(1, service.body_maxlen))
    return (timeout + service.request_rate_per_sec) * targets * max(1, parts) + GRACE
