"""Segments by rules: each name is a claim that any row of a feature snapshot can be held to.

The first definition that applies gives a customer's segment; the last segment takes the rest. A
definition is a comparison, or several of which one suffices: `recency_days > 365`. Its left side
is a feature or `silence`, its right side a number or a limit that training learned from the shop.

`silence` is the time since the last purchase as a multiple of the customer's own rhythm:
`recency_days / greatest(usual_interval, mean_days_between_orders)`. Three of it are three weeks of
a weekly shopper and nine months of a quarterly one; the shop's usual interval is the least rhythm.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from python_scoring.errors import ArtifactError

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SILENCE, USUAL_INTERVAL, TOP_VALUE = "silence", "usual_interval", "top_value"
LEARNED = (USUAL_INTERVAL, TOP_VALUE)
# The features that `silence` is made of; the first is named as its reason.
OF_SILENCE = ("recency_days", "mean_days_between_orders")

_COMPARISON = re.compile(r"([a-z][a-z0-9_]*) (<=|<|>=|>) (\d+(?:\.\d+)?|[a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Comparison:
    """`term op limit`; a term without a value satisfies none."""

    term: str
    op: str
    limit: str

    @classmethod
    def of(cls, text: str) -> "Comparison":
        """Raises ValueError where the text is none."""
        found = _COMPARISON.fullmatch(text.strip())
        if not found:
            raise ValueError(
                f"is '{text}'; expected a comparison such as recency_days > 365, with <, <=, > or "
                f">= and a number or one of {', '.join(LEARNED)}"
            )
        return cls(*found.groups())

    @property
    def feature(self) -> str:
        """The feature that the comparison is about, for reasons."""
        return OF_SILENCE[0] if self.term == SILENCE else self.term


@dataclass(frozen=True)
class Rule:
    """A segment and its definition: one of the comparisons suffices; none takes the rest."""

    name: str
    definition: tuple[Comparison, ...]


@dataclass(frozen=True)
class RuleAssignment:
    """The segments of customers, by number of the rule, and how far each comparison is from a turn.

    `margins` has one row per rule and comparison, and one column per customer: positive where it
    holds, negative where it does not, 0 at its limit and 1 infinitely far from it.
    """

    nearest: Places
    margins: list[list[Numbers]]

    @cached_property
    def clearness(self) -> Numbers:
        """How far a customer is from another segment: 0 at a border, up to 1.

        The own rule must stop to hold, or one that is tried before it must begin to. One comparison
        of a definition suffices, so the largest margin of a rule is its own.
        """
        clearness = np.ones(len(self.nearest))
        for number, margins in enumerate(self.margins):
            if not margins:
                continue
            margin: Numbers = np.max(margins, axis=0)
            is_own, is_before = self.nearest == number, self.nearest > number
            clearness[is_own] = np.minimum(clearness, margin)[is_own]
            clearness[is_before] = np.minimum(clearness, -margin)[is_before]
        return np.asarray(np.clip(clearness, 0.0, 1.0), dtype=np.float64)


def is_rules(estimator: Any) -> bool:
    """Whether an artifact's estimator is a set of rules, as `estimator_of` makes it."""
    return isinstance(estimator, Bunch) and "rules" in estimator


def estimator_of(rules: list[Rule], limits: dict[str, float], features: list[str]) -> Bunch:
    """Rules and learned limits as an artifact holds them: plain lists, texts and numbers."""
    return Bunch(
        rules=[
            [rule.name, [[each.term, each.op, each.limit] for each in rule.definition]]
            for rule in rules
        ],
        limits={name: float(limit) for name, limit in limits.items()},
        feature_names_in_=list(features),
    )


def rules_of(estimator: Bunch) -> list[Rule]:
    """The rules of an artifact, in the order in which they are tried.

    Raises ArtifactError where they are not what `estimator_of` makes.
    """
    try:
        rules = [
            Rule(str(name), tuple(Comparison.of(" ".join(map(str, each))) for each in definition))
            for name, definition in estimator["rules"]
        ]
        named = {each.limit for rule in rules for each in rule.definition} - set(
            estimator["limits"]
        )
        unknown = sorted(limit for limit in named if not limit[0].isdigit())
        [float(limit) for limit in estimator["limits"].values()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"the rules of the segments are malformed: {error}") from error
    if unknown or not rules or rules[-1].definition:
        raise ArtifactError(
            f"the rules of the segments name the limits {', '.join(unknown) or 'well'}; expected "
            f"numbers or {', '.join(LEARNED)}, and a last segment without a definition"
        )
    return rules


def assign(estimator: Bunch, frame: pd.DataFrame) -> RuleAssignment:
    """The segments of the customers of a frame, which has the features of the estimator."""
    rules = rules_of(estimator)
    nearest = np.full(len(frame), -1, dtype=np.intp)
    margins: list[list[Numbers]] = []
    for number, rule in enumerate(rules):
        found = [_margin(each, estimator["limits"], frame) for each in rule.definition]
        holds = np.zeros(len(frame), dtype=bool)
        for is_met, _ in found:
            holds |= is_met
        nearest[(nearest < 0) & (holds if rule.definition else True)] = number
        margins.append([margin for _, margin in found])
    return RuleAssignment(nearest, margins)


def _margin(
    comparison: Comparison, limits: dict[str, float], frame: pd.DataFrame
) -> tuple[npt.NDArray[np.bool_], Numbers]:
    """Whether a comparison holds, and its margin: 1 less the smaller of both by the larger."""
    value = _values(comparison.term, limits, frame)
    limit = float(limits.get(comparison.limit, comparison.limit))
    with np.errstate(invalid="ignore"):
        holds = {
            "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit
        }[comparison.op]  # fmt: skip
        smaller, larger = np.minimum(value, limit), np.maximum(value, limit)
        apart = 1 - np.maximum(smaller, 0) / np.where(larger > 0, larger, 1)
    apart = np.where(np.isnan(value), 1.0, apart)
    return holds, np.where(holds, apart, -apart)


def _values(term: str, limits: dict[str, float], frame: pd.DataFrame) -> Numbers:
    if term != SILENCE:
        return frame[term].to_numpy(dtype=np.float64)
    recency, own = (frame[name].to_numpy(dtype=np.float64) for name in OF_SILENCE)
    return np.asarray(recency / np.fmax(own, limits[USUAL_INTERVAL]), dtype=np.float64)
