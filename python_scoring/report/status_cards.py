"""Status cards: served predictions of each product, and whether consumers may act on them."""

from dataclasses import dataclass

from python_scoring.report import formatting
from python_scoring.report.headline import State, state_of
from python_scoring.report.records import Freshness

_POLICIES = {
    "skip": "skip the action",
    "last_known_good": "act on the last known good predictions",
}
_BAD_ENDS = ("failed", "crashed", "quarantined", "withdrawn")
_AGE_TONES = {"fresh": "good", "due": "warn"}


@dataclass(frozen=True)
class Fact:
    """Line of a card: a statement, and its reason in smaller type."""

    name: str
    value: str
    tone: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Card:
    """Card of one product; `used` is the used share of its maximum age."""

    product: str
    state: State
    age: str
    age_tone: str
    used: float
    facts: list[Fact]


def card(served: Freshness, sizes: str) -> Card:
    """Return the card of a product; `sizes` are its labels with their numbers of customers."""
    allowed_age = f"at most {formatting.hours(served.max_age_hours)}"
    if served.age_hours is None:
        age, used = f"nothing served, {allowed_age}", 0.0
    else:
        age = f"{formatting.hours(served.age_hours)} old, {allowed_age}"
        used = max(0.0, min(1.0, served.age_hours / served.max_age_hours))
    served_as = f", {formatting.lower_name(served.served_as)}" if served.served_as else ""
    facts = [
        *([Fact("Customers", sizes)] if sizes else []),
        Fact("Served", formatting.short_slot(served.as_of) + served_as),
        Fact("Fresh until", formatting.short_moment(served.fresh_until)),
        _action(served),
        _last_attempt(served),
        Fact("Model", served.model_version or formatting.NOTHING),
        Fact("Owner", served.sla_owner),
    ]
    tone = _AGE_TONES.get(served.freshness, "bad")
    return Card(served.product, state_of(served), age, tone, used, facts)


def _action(served: Freshness) -> Fact:
    policy = _POLICIES.get(served.action_policy, formatting.lower_name(served.action_policy))
    if served.action_policy == "default_score" and served.default_score is not None:
        policy = f"act on the default score {served.default_score:g}"
    if served.action_allowed:
        return Fact("Action", "allowed", detail=f"When not: {policy}.")
    reason = formatting.beginning(served.action_blocked_reason or "")
    return Fact("Action", f"not allowed: {policy}", "bad", reason)


def _last_attempt(served: Freshness) -> Fact:
    status, reason = served.last_attempt_status, served.last_attempt_reason or ""
    if status is None:
        return Fact("Last attempt", "none")
    is_bad = status in _BAD_ENDS
    # Warnings are shown with the checks.
    told = formatting.beginning(reason) if is_bad else formatting.sentence(reason.split(":")[0])
    return Fact(
        "Last attempt",
        f"{formatting.short_slot(served.last_attempt_as_of)}, {formatting.lower_name(status)}",
        "bad" if is_bad else "",
        f"{formatting.short_moment(served.last_attempt_at)}. {told}",
    )
