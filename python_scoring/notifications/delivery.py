"""One message to one destination, through Apprise: accepted, or why not, in time."""

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

# The timeout of a request ends it properly, so it comes first; this is for what that lets through.
GRACE = 1.0


@dataclass(frozen=True)
class Refusal:
    """Why a message was not accepted, without any address or answer in it."""

    reason: str
    no_answer: bool = False


def deliver(message: Message, destination: Destination, timeout: float) -> Refusal | None:
    """Send once, without any retry; None where the destination has accepted.

    A destination that hangs, or that answers a byte now and then, is given up after the timeout.
    Whether it has accepted the message nobody knows then, so it will be sent again.
    """
    service = destination.service
    service.socket_connect_timeout = service.socket_read_timeout = timeout
    accepted: list[bool] = []
    body = _body(message, destination)

    def send() -> None:
        try:
            # Not through Apprise.notify, which would try again by itself where the address says so.
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
        # A thread can be left behind; it ends with the process at the latest.
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
    """The text, with the id that lets a receiver drop a repeat; a webhook gets that as a field."""
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
    """The timeout for each request; an address may have several targets, a long text parts.

    Some services want pauses between requests, which Apprise makes; they do not count.
    """
    service = destination.service
    targets = max(1, len(service) // (service.retry + 1))
    parts = math.ceil(len(body) / max(1, service.body_maxlen))
    return (timeout + service.request_rate_per_sec) * targets * max(1, parts) + GRACE
