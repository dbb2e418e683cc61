"""Causes: incidents that one failure opened, with the incidents that follow from it.

A source that cannot be read opens an incident of each product, and each product then misses its
deadline: that is one cause with its consequences, not six incidents.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from python_scoring.report import formatting
from python_scoring.report.records import Incident

# What follows from another incident of the product, by the cause of the consequence.
_CONSEQUENCES = {
    "sla_breach": "missed a deadline",
    "sla_escalation": "missed so many that the way of working has to change",
}
_SEVERITIES = ("low", "medium", "high")
# Start of a headline, with the products of the cause.
_PHRASES = {
    "source_broken": "The raw data cannot be used",
    "run_failed": "Runs of {products} fail",
    "run_crashed": "Builds end before runs of {products} have an outcome",
    "run_quarantined": "Runs of {products} fail their checks",
    "blocking_drift": "Customers of {products} are unlike those that the models learned from",
    "data_damaged": "Stored predictions of {products} are damaged",
    "data_repaired": "Stored files of {products} were damaged and made anew",
    "serving_failed": "The serving database lacks the newest {products}",
    "replay_mismatch": "A replay of {products} differs from what was published",
    "access_denied": "A consumer of {products} is denied again and again",
    "access_log_gap": "It is not known who read what",
    "sla_breach": "{products} missed a deadline",
    "sla_escalation": "{products} missed deadline after deadline",
}


@dataclass(frozen=True)
class Cause:
    """Incidents of one failure, and those of its consequences; both oldest first."""

    incidents: list[Incident]
    consequences: list[Incident] = field(default_factory=list)

    @property
    def all(self) -> list[Incident]:
        """Every incident of the cause."""
        return [*self.incidents, *self.consequences]

    @property
    def is_over(self) -> bool:
        """Whether every incident is resolved."""
        return all(incident.is_over for incident in self.all)

    @property
    def severity(self) -> str:
        """Severity of the worst incident; of those that are not over while there are any."""
        return self._worst.severity

    @property
    def status(self) -> str:
        """Status of the incident that the severity is of."""
        return self._worst.status

    @property
    def _worst(self) -> Incident:
        counted = [each for each in self.all if self.is_over or not each.is_over]
        return max(counted, key=lambda each: _SEVERITIES.index(each.severity))

    @property
    def opened_at(self) -> datetime:
        """When the first incident was opened."""
        return min(incident.opened_at for incident in self.all)

    @property
    def resolved_at(self) -> datetime | None:
        """When the last incident was resolved; None while one is not over."""
        ends = [incident.resolved_at for incident in self.all]
        return None if None in ends else max(end for end in ends if end)

    @property
    def acknowledged_at(self) -> datetime | None:
        """When somebody looked at one of the incidents first."""
        return min(
            (each.acknowledged_at for each in self.all if each.acknowledged_at), default=None
        )

    @property
    def mitigated_at(self) -> datetime | None:
        """When consumers of each product of the failure had a newer run, though not in time."""
        ends = [incident.mitigated_at for incident in self.incidents]
        return None if None in ends else max(end for end in ends if end)

    @property
    def products(self) -> list[str]:
        """Products that the failure concerns, without those of consequences alone."""
        return list(dict.fromkeys(incident.product for incident in self.incidents))

    @property
    def title(self) -> str:
        """The failure in a few words, without a full stop."""
        phrase = _PHRASES.get(
            self.incidents[0].cause, formatting.name(self.incidents[0].cause) + " of {products}"
        )
        named = formatting.listing([formatting.name(product) for product in self.products])
        return phrase.format(products="all products" if self.products == ["all"] else named)

    @property
    def message(self) -> str:
        """What happened, as the first incident has it."""
        return self.incidents[0].message

    @property
    def consequences_told(self) -> str:
        """Consequences in a sentence; empty without any."""
        told = []
        for cause, verb in _CONSEQUENCES.items():
            products = dict.fromkeys(
                formatting.name(each.product) for each in self.consequences if each.cause == cause
            )
            if products:
                told.append(f"{formatting.listing([*products])} {verb}")
        return formatting.sentence(f"Consequences: {'; '.join(told)}") if told else ""


def causes_of(incidents: Sequence[Incident]) -> list[Cause]:
    """Return the causes of incidents: the unresolved and severe first, the newest among equals.

    Incidents of several products with one cause, opened at the same instant for the same reason,
    are one failure. A missed deadline or an escalation follows from the product's last failure that
    had not ended by then; without one it is a cause of its own.
    """
    found: dict[tuple[str, datetime, str], Cause] = {}
    oldest_first = sorted(incidents, key=lambda each: (each.opened_at, each.incident_id))
    for incident in oldest_first:
        if incident.cause not in _CONSEQUENCES:
            key = (incident.cause, incident.opened_at, incident.message)
            found.setdefault(key, Cause([])).incidents.append(incident)
    for consequence in _CONSEQUENCES:
        for incident in oldest_first:
            if incident.cause != consequence:
                continue
            if cause := _behind(incident, list(found.values())):
                cause.consequences.append(incident)
            else:
                key = (incident.cause, incident.opened_at, incident.message)
                found.setdefault(key, Cause([])).incidents.append(incident)
    newest_first = sorted(found.values(), key=lambda cause: cause.opened_at, reverse=True)
    return sorted(newest_first, key=_urgency)


def _behind(incident: Incident, causes: Sequence[Cause]) -> Cause | None:
    candidates = [
        (failure.opened_at, cause)
        for cause in causes
        for failure in cause.incidents
        if _follows(incident, failure)
    ]
    return max(candidates, key=lambda pair: pair[0])[1] if candidates else None


def _follows(incident: Incident, failure: Incident) -> bool:
    """Whether a consequence may come from a failure: of its product, before it, of no later slot.

    A build records the deadlines that passed before it fails itself: those of the same instant are
    no consequence, but for an escalation, which a missed deadline makes at once.
    """
    is_before = failure.opened_at < incident.opened_at or (
        failure.cause in _CONSEQUENCES and failure.opened_at == incident.opened_at
    )
    return (
        failure.product == incident.product
        and failure.cause != incident.cause
        and is_before
        and (failure.resolved_at is None or failure.resolved_at >= incident.opened_at)
        and (failure.as_of is None or incident.as_of is None or failure.as_of <= incident.as_of)
    )


def _urgency(cause: Cause) -> tuple[bool, int]:
    return cause.is_over, 0 if cause.is_over else -_SEVERITIES.index(cause.severity)
