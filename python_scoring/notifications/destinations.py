"""Where owners are reached: Apprise addresses from a file or the environment, never stored.

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
    """One address of an owner; `identity` tells it from others and does not give it away."""

    identity: str
    service: NotifyBase

    @property
    def schema(self) -> str:
        """The kind of service: slack, mailto, json."""
        return str(self.service.schema)


def variable_of(owner: str) -> str:
    """The environment variable with an owner's addresses."""
    return "NOTIFY_" + re.sub("[^A-Z0-9]", "_", owner.upper())


class Destinations:
    """What the environment and the file named in it say of every owner."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises InputError where NOTIFY_CONFIG cannot be used whole."""
        self._environment = environment
        path = environment.get(CONFIG)
        self._configured = _read_config(Path(path)) if path else []

    def of(self, owner: str) -> list[Destination]:
        """The owner's addresses, each once; none where nobody said where they are reached.

        Raises InputError where Apprise does not understand one of them.
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
    # A redirected POST is followed by a GET without the message, which may well succeed.
    return AppriseAsset(
        app_id="customer_predictions",
        app_desc="customer_predictions",
        http_redirects=False,
        storage_mode="memory",
    )


def _prepared(service: NotifyBase) -> NotifyBase:
    """Too long a message is sent in parts: a service would refuse it whole each time."""
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
    # Apprise leaves out what it cannot use, and goes on; its owner would wait in vain.
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
    """A short digest of the address.

    Some services write their targets in any order, so the parts are sorted. Slow on purpose:
    whoever may read it should not find a weak password in it by trying.
    """
    parts = sorted(re.split(r"[/?&,;]|%2C|%20", service.url(privacy=False)))
    digest = hashlib.pbkdf2_hmac("sha256", "\n".join(parts).encode(), b"destination", 100_000)
    return digest.hex()[:12]
