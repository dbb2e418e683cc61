"""Reason codes: the largest contributions of each row, as JSON, written column by column.

    [{"feature":"recency_days","value":74,"contribution":0.512345,"text":"no purchase for ..."}]

The largest comes first; of equal ones the feature that the model takes first. A row's reason codes
depend on that row alone, never on its batch.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from python_scoring.artifacts import Model
from python_scoring.errors import ScoringError
from python_scoring.explanations.explainers import explainer_for, lookup_for
from python_scoring.explanations.interface import Contributions, Explainer
from python_scoring.explanations.rows_that_matter import least_score
from python_scoring.explanations.texts import by_distinct, joined
from python_scoring.explanations.wording import Wordings

# The documented precision of a contribution.
DECIMALS = 6

# What would be written as zero is no reason.
LEAST = 0.5 * 10.0**-DECIMALS

NO_REASON = -1


class ReasonCodes:
    """Writes the reason codes of one model."""

    def __init__(
        self, explainer: Explainer, wordings: Wordings, count: int, least_score: float = -np.inf
    ) -> None:
        """So many reasons for each row whose score is at least `least_score`.

        Raises InputError where the catalogue lacks a feature of the model.
        """
        self._explainer = explainer
        self._wordings = wordings
        self._count = count
        self._least_score = least_score
        self._features = [wordings[name] for name in explainer.features]
        self.companions = [
            {"name": name, "type": "category" if wordings[name].is_category else "number"}
            for name in wordings.companions(explainer.features)
        ]

    @classmethod
    def of(
        cls, model: Model, contract: Mapping[str, Any], wordings: Wordings
    ) -> "ReasonCodes | None":
        """None where the contract asks for no explanation of such a model.

        Raises ScoringError where it asks for one that the model's card does not allow.
        """
        explanations = contract["explanations"]
        reasons = int(explanations["reasons"])
        if explainer := lookup_for(model):
            return cls(explainer, wordings, reasons)
        if not explanations.get("shap"):
            return None
        explainer = explainer_for(model)
        if explainer is None:
            raise ScoringError(
                f"{model.card.product} {model.card.model_version}: its model.json has no "
                "distribution of each feature in the training (reference.features), which SHAP "
                "values of such a model need. Register it with them, or take explanations.shap out "
                "of the contract."
            )
        return cls(explainer, wordings, reasons, least_score(explanations["shap"], model.card))

    def write(
        self, frame: pd.DataFrame, companions: pd.DataFrame, scores: npt.NDArray[np.float64]
    ) -> pa.Array:
        """JSON for each row; null where the contract does not ask for reasons of such a score."""
        matter = scores >= self._least_score
        if matter.all():
            return self._write(frame, companions)
        written = self._write(
            frame[matter].reset_index(drop=True), companions[matter].reset_index(drop=True)
        )
        return written.take(pa.array(np.cumsum(matter) - 1, mask=~matter))

    def _write(self, frame: pd.DataFrame, companions: pd.DataFrame) -> pa.Array:
        if frame.empty:
            return pa.array([], type=pa.string())
        contributions = self._explainer.contributions(frame)
        columns = {
            str(name): column.to_numpy()
            for part in (frame, companions)
            for name, column in part.items()
        }
        chosen = largest(contributions, self._count, only_support=self._explainer.only_support)
        # Arrow writes text without Python's lock, so places are written beside each other.
        with ThreadPoolExecutor(len(chosen)) as pool:
            slots = list(
                pool.map(
                    lambda slot: self._fragments(slot, chosen[slot], contributions, columns),
                    range(len(chosen)),
                )
            )
        slots[0] = slots[0].fill_null("[")
        return pc.binary_join_element_wise(
            *slots, "]", "", null_handling="replace", null_replacement=""
        )

    def _fragments(
        self,
        slot: int,
        chosen: npt.NDArray[np.int16],
        contributions: Contributions,
        columns: Mapping[str, npt.NDArray[Any]],
    ) -> pa.Array:
        """One reason for each row as the beginning or the continuation of a list; null for none."""
        parts, places = [pa.nulls(np.count_nonzero(chosen == NO_REASON), pa.string())], []
        places.append(np.flatnonzero(chosen == NO_REASON))
        opening = "[{" if slot == 0 else ",{"
        by_feature = np.argsort(chosen, kind="stable")
        ends = np.searchsorted(chosen[by_feature], np.arange(len(self._features) + 1))
        for number, feature in enumerate(self._features):
            rows = by_feature[ends[number] : ends[number + 1]]
            if not len(rows):
                continue
            for case, within in feature.cases(columns[feature.name][rows]):
                of_case = rows[within]
                needed = {
                    name: columns[name][of_case] for name in (feature.name, *feature.companions)
                }
                value_text = feature.value_text(needed[feature.name])
                parts.append(
                    joined(
                        [
                            f'{opening}"feature":"{feature.name}","value":',
                            value_text,
                            ',"contribution":',
                            _rounded_text(contributions[of_case, number]),
                            ',"text":"',
                            *self._wordings.sentence(feature, case, needed, value_text),
                            '"}',
                        ]
                    )
                )
                places.append(of_case)
        order = np.empty(len(chosen), dtype=np.int64)
        order[np.concatenate(places)] = np.arange(len(chosen))
        return pa.concat_arrays(parts).take(pa.array(order))


def largest(
    contributions: Contributions, count: int, *, only_support: bool
) -> list[npt.NDArray[np.int16]]:
    """The features of each row's largest contributions, one array per place; -1 for none.

    What rounds to zero is no reason, nor, with `only_support`, what is negative.
    """
    by_feature = contributions.T.copy() if only_support else np.abs(contributions.T)
    rows = np.arange(by_feature.shape[1])
    places = []
    for _ in range(min(count, len(by_feature))):
        found = by_feature.argmax(axis=0)
        is_reason = by_feature[found, rows] > LEAST
        places.append(np.where(is_reason, found, NO_REASON).astype(np.int16))
        by_feature[found, rows] = 0
    return places


def _rounded_text(contributions: npt.NDArray[np.float64]) -> pa.Array:
    return by_distinct(contributions.round(DECIMALS), lambda distinct: distinct.cast(pa.string()))
