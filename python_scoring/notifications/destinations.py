"""Destinations of the owners: Apprise addresses from a file or the environment, never stored.

An address holds tokens. No message of this module quotes one: it names the file or the variable.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apprise import Apprise, AppriseAsset, NotifyBase, OverflowMode
from apprise.config.file import ConfigFile

from python_scoring.errors import InputError
from python_scoring.notifications.private_logs import overheard

CONFIG, DEFAULT = "NOTIFY_CONFIG", "NOTIFY_DEFAULT"
EXPECTED = "expected addresses such as json://host/path or slack://token/channel"


@dataclass(frozen=True)
class Destination:
    """Address of an owner; `identity` distinguishes it without revealing it."""

    identity: str
    service: NotifyBase

    @property
    def schema(self) -> str:
        """Kind of service: slack, mailto, json."""
        return str(self.service.schema)


def variable_of(owner: str) -> str:
    """Return the environment variable of an owner's addresses."""
    return "NOTIFY_" + re.sub("[^A-Z0-9]", "_", owner.upper())


class Destinations:
    """Configured addresses of every owner, from the environment and NOTIFY_CONFIG."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises InputError if NOTIFY_CONFIG cannot be used as a whole."""
        self._environment = environment
        path = environment.get(CONFIG)
        self._configured = _read_config(Path(path)) if path else []

    def of(self, owner: str) -> list[Destination]:
        """Return the owner's distinct addresses; empty if none is configured.

        Raises InputError if Apprise does not understand one of them.
        """
        variable = variable_of(owner)
        tagged = [
            service
            for service in self._configured
            if variable in {variable_of(str(tag)) for tag in service.tags}
        ]
        own = [] if variable == CONFIG else self._in_variable(variable)
        services = [*tagged, *own] or self._in_variable(DEFAULT)
        destinations = {_identity(service): service for service in services}
        return [Destination(identity, service) for identity, service in destinations.items()]

    def _in_variable(self, variable: str) -> list[NotifyBase]:
        services = []
        addresses = self._environment.get(variable, "").split()
        for number, address in enumerate(addresses, start=1):
            with overheard():
                service = Apprise.instantiate(address, asset=_asset())
            if service is None:
                raise InputError(
                    f"{variable}: Apprise does not understand address {number} of "
                    f"{len(addresses)}; {EXPECTED}, separated by blanks."
                )
            services.append(_prepared(service))
        return services


def _asset() -> AppriseAsset:
    # A redirected POST becomes a GET without the message, which may well succeed.
    return AppriseAsset(
        app_id="customer_predictions",
        app_desc="customer_predictions",
        http_redirects=False,
        storage_mode="memory",
    )


def _prepared(service: NotifyBase) -> NotifyBase:
    """Set long messages to be sent in parts: a service would refuse them each time."""
    if service.overflow_mode == OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.SPLIT
    return service


def _read_config(path: Path) -> list[NotifyBase]:
    try:
        path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{CONFIG}: {path} cannot be read as text. Expected the path of an Apprise "
            "configuration file, YAML or text, in which a destination's tag is the owner's name."
        ) from error
    with overheard() as apprise:
        services = ConfigFile(path=str(path.resolve()), asset=_asset(), recursion=1).services()
    # Apprise skips what it cannot use and goes on; its owner would wait in vain.
    understood = [service for service in services if isinstance(service, NotifyBase)]
    if apprise.has_complaints or len(understood) < len(services):
        places = dict.fromkeys(re.findall(r"on line \d+|entry #\d+", apprise.text))
        where = f" ({', '.join(places)})" if places else ""
        raise InputError(
            f"{CONFIG}: Apprise cannot use all of {path}{where}; {EXPECTED}, each with the owner's "
            "name as its tag."
        )
    return [_prepared(service) for service in understood]


def _identity(service: NotifyBase) -> str:
    """Return a short digest of the address.

    Some services write their targets in any order, so the parts are sorted. The digest is slow on
    purpose, so that a weak password cannot be found in it by trying.
    """
    parts = sorted(re.split(r"[/?&,;]|%2C|%20", service.url(privacy=False)))
    digest = hashlib.pbkdf2_hmac("sha256", "\n".join(parts).encode(), b"destination", 100_000)
    return digest.hex()[:12]
