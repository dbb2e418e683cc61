"""Headline: one sentence on the overall state, and its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from python_scoring.report import formatting
from python_scoring.report.causes import Cause, causes_of
from python_scoring.report.records import Freshness, Records

_SIGNS = {"good": "●", "warn": "▲", "bad": "■"}
_RANK = {"good": 0, "warn": 1, "bad": 2}
# Characters that fit on a phone in large letters.
_LONGEST_REASON = 90


@dataclass(frozen=True)
class State:
    """State of a product: as a word, as part of a sentence, and the reason if it is not healthy."""

    product: str
    tone: str
    word: str
    said: str
    reason: str = ""

    @property
    def sign(self) -> str:
        """Sign of the tone, readable without colour."""
        return _SIGNS[self.tone]


@dataclass(frozen=True)
class Headline:
    """Headline with its tone and the further facts to know first."""

    tone: str
    sentence: str
    notes: list[str]

    @property
    def sign(self) -> str:
        """Sign of the tone, readable without colour."""
        return _SIGNS[self.tone]


def state_of(served: Freshness) -> State:
    """Return the state of a product."""
    product = served.product
    if served.in_service_since is None or served.as_of is None:
        is_commissioned = served.in_service_since is not None
        word = "never published" if is_commissioned else "in commissioning"
        tone = "bad" if is_commissioned else "warn"
        return State(product, tone, word, word, _last_attempt(served))
    age = f"{formatting.hours(served.age_hours)} old"
    if served.freshness == "stale":
        reason = (
            f"consumers get what is {age}, and {formatting.hours(served.max_age_hours)} are allowed"
        )
        return State(product, "bad", "stale", "stale", reason)
    if served.freshness == "due":
        reason = f"a newer run was expected by {formatting.short_moment(served.fresh_until)}"
        return State(product, "warn", "due", "due", reason)
    if not served.action_allowed:
        said = "fresh, but not to be acted on"
        return State(product, "bad", "fresh, no action", said, served.action_blocked_reason or "")
    if served.served_as == "last_known_good":
        said = "served from the last known good run"
        return State(product, "warn", "last known good", said, _last_attempt(served))
    return State(product, "good", "fresh", "fresh")


def headline_of(records: Records) -> Headline:
    """Return the overall state: the cause of the worst trouble first, then where products stand."""
    states = [state_of(served) for served in records.freshness]
    lasting = [cause for cause in causes_of(records.incidents) if not cause.is_over]
    overdue = [duty for duty in records.duties if duty.is_overdue]
    tones = [state.tone for state in states]
    tones += ["bad" if cause.severity == "high" else "warn" for cause in lasting]
    tones += ["warn" for _ in overdue]
    sentence, is_reason_told = _sentence(states, is_short=bool(lasting))
    if lasting:
        first = lasting[0]
        since = formatting.short_moment(first.opened_at)
        sentence = f"{formatting.sentence(f'{first.title} since {since}')} {sentence}"
    notes = [_cause_note(cause) for cause in lasting]
    explained = {product for cause in lasting for product in cause.products}
    notes += [
        formatting.sentence(
            f"{formatting.name(state.product)}: {formatting.first_sentence(state.reason)}"
        )
        for state in states
        if state.reason and not is_reason_told and state.product not in explained
    ]
    if overdue:
        is_are = "is" if len(overdue) == 1 else "are"
        notes.append(f"{formatting.plural(len(overdue), 'duty', 'duties')} {is_are} overdue.")
    if not lasting and not overdue:
        notes.append("No incident is unresolved, and no duty is overdue.")
    tone = max(tones, key=lambda tone: _RANK[tone], default="bad")
    return Headline(tone, sentence, notes)


def _cause_note(cause: Cause) -> str:
    what = formatting.first_sentence(cause.message)
    return f"{what} {cause.consequences_told}".strip()


def _sentence(states: Sequence[State], *, is_short: bool) -> tuple[str, bool]:
    """Return where products stand, and whether it contains the reason.

    There is room for one short reason, unless the sentence is to be short.
    """
    if not states:
        return "No product has a contract in this warehouse.", True
    alike: dict[str, list[State]] = {}
    for state in sorted(states, key=lambda state: -_RANK[state.tone]):
        alike.setdefault(state.said, []).append(state)
    if list(alike) == ["fresh"]:
        return f"{_all_products(states)} fresh.", True
    reasons = [state.reason for state in states if state.reason]
    is_told = not is_short and len(reasons) == 1 and len(reasons[0]) <= _LONGEST_REASON
    parts = []
    for said, found in alike.items():
        names = formatting.listing([formatting.name(state.product) for state in found])
        verbs = ("was", "were") if said == "never published" else ("is", "are")
        reason = f": {found[0].reason}" if is_told and found[0].reason else ""
        parts.append(formatting.sentence(f"{names} {verbs[len(found) > 1]} {said}{reason}"))
    return " ".join(parts), is_told


def _all_products(states: Sequence[State]) -> str:
    if len(states) == 1:
        return f"{formatting.name(states[0].product)} is"
    if len(states) == 2:  # noqa: PLR2004 - English has a word for two
        return "Both products are"
    return f"All {formatting.count_word(len(states))} products are"


def _last_attempt(served: Freshness) -> str:
    if served.last_attempt_status is None:
        return "nothing was tried yet"
    verbs = {"started": "has no outcome yet", "failed": "failed", "crashed": "crashed"}
    ended = verbs.get(served.last_attempt_status, f"was {served.last_attempt_status}")
    return f"the attempt for {formatting.short_slot(served.last_attempt_as_of)} {ended}"
