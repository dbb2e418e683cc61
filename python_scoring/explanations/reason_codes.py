"""Reason codes: the largest contributions of each row as JSON.

    [{"feature":"recency_days","value":74,"contribution":0.512345,"text":"no purchase for ..."}]

The largest comes first; ties are in the order of the model's features. A row's reason codes depend
on that row alone, never on its batch.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from python_scoring.contracts.contract import ScoringContract
from python_scoring.explanations.explainers import explainer_for, lookup_for
from python_scoring.explanations.interface import Contributions, Explainer
from python_scoring.explanations.texts import (
    Codes,
    Distinct,
    Piece,
    TextColumn,
    by_distinct,
    joined,
)
from python_scoring.explanations.thresholds import least_score
from python_scoring.explanations.wording import Columns, Wordings
from python_scoring.models.artifacts import Model
from python_scoring.models.predict import BATCH_ROWS, Predicted
from python_scoring.models.segment_rules import RuleAssignment
from python_scoring.models.segments import Assignment

# Documented precision of a contribution.
DECIMALS = 6

# A contribution that is written as zero is not a reason.
LEAST = 0.5 * 10.0**-DECIMALS

NO_REASON = -1

# Half a batch, so that two cores write in parallel; smaller parts wait for Python's lock.
ROWS_AT_A_TIME = BATCH_ROWS // 2

# The position of a feature for each place and row.
Chosen = npt.NDArray[np.int16]
Rows = npt.NDArray[np.intp]


class ReasonCodes:
    """Writer of the reason codes of one model."""

    def __init__(
        self, explainer: Explainer, wordings: Wordings, count: int, least_score: float = -np.inf
    ) -> None:
        """Write `count` reasons for each row whose score is at least `least_score`.

        Raises InputError if the catalogue lacks a feature of the model.
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
        cls, model: Model, contract: ScoringContract, wordings: Wordings
    ) -> "ReasonCodes | None":
        """Return the writer; None if the scores of such a model get no reasons.

        That is so if the contract asks for none, or if the model needs SHAP values and was
        registered without the training distributions (--evaluate-on).
        """
        explanations = contract.explanations
        reasons = explanations.reasons
        if explainer := lookup_for(model):
            return cls(explainer, wordings, reasons)
        if not explanations.shap:
            return None
        least = least_score(explanations.shap, model.card)
        explainer = None if least is None else explainer_for(model)
        if explainer is None or least is None:
            return None
        return cls(explainer, wordings, reasons, least)

    def write(
        self, frame: pd.DataFrame, companions: pd.DataFrame, predicted: Predicted
    ) -> pa.ChunkedArray:
        """Return the JSON of each row; null for scores that the contract does not explain.

        Parameters
        ----------
        frame
            The model's features, one row per customer.
        companions
            The features in `self.companions`, in the same order of rows.
        predicted
            The predictions of the rows.

        """
        matter = predicted.scores >= self._least_score
        if matter.all():
            return self._write(frame, companions, predicted.assignment)
        written = self._write(
            frame[matter].reset_index(drop=True), companions[matter].reset_index(drop=True)
        )
        return written.take(pa.array(np.cumsum(matter) - 1, mask=~matter))

    def _write(
        self,
        frame: pd.DataFrame,
        companions: pd.DataFrame,
        assignment: Assignment | RuleAssignment | None = None,
    ) -> pa.ChunkedArray:
        if frame.empty:
            return pa.chunked_array([], pa.string())
        explainer = self._explainer
        of_assignment = getattr(explainer, "contributions_of", None)  # of segments alone
        if assignment is not None and of_assignment:
            contributions: Contributions = of_assignment(assignment)
        else:
            contributions = explainer.contributions(frame)
        columns = {
            str(name): column.to_numpy()
            for part in (frame, companions)
            for name, column in part.items()
        }

        def written(start: int) -> pa.Array:
            rows = slice(start, start + ROWS_AT_A_TIME)
            return self._lists(
                contributions[rows], {name: column[rows] for name, column in columns.items()}
            )

        # Numpy and Arrow release Python's lock, so parts are written in parallel.
        with ThreadPoolExecutor() as pool:
            parts = pool.map(written, range(0, len(frame), ROWS_AT_A_TIME))
            return pa.chunked_array(parts, pa.string())

    def _lists(self, contributions: Contributions, columns: Columns) -> pa.Array:
        """Return the reasons of each row as a JSON list."""
        chosen = largest(contributions, self._count, only_support=self._explainer.only_support)
        parts = self._reasons(chosen, contributions, columns)
        pieces: list[Piece] = []
        for place, features in enumerate(chosen):
            is_reason = features != NO_REASON
            comma: Piece = "," if is_reason.all() else pc.if_else(pa.array(is_reason), ",", "")
            pieces.append(comma if place else "[")
            rows = slice(place * len(features), (place + 1) * len(features))
            pieces += [part.at(rows) for part in parts]
        return joined([*pieces, "]"])

    def _reasons(
        self, chosen: Chosen, contributions: Contributions, columns: Columns
    ) -> list[TextColumn]:
        """Return the chosen reasons, place after place, in as many parts as their texts have."""
        flat = chosen.reshape(-1)
        by_feature = np.argsort(flat, kind="stable")
        ends = np.searchsorted(flat[by_feature], np.arange(len(self._features) + 1))
        places = [by_feature[start:end] for start, end in pairwise(ends)]
        parts = [TextColumn(len(flat))]
        for feature, of_feature in enumerate(places):
            rows = of_feature % chosen.shape[1]
            for number, here, text, codes in self._texts(feature, rows, contributions, columns):
                if number == len(parts):
                    parts.append(TextColumn(len(flat)))
                parts[number].put(of_feature[here], text, codes)
        return parts

    def _texts(
        self, number: int, rows: Rows, contributions: Contributions, columns: Columns
    ) -> Iterator[tuple[int, Rows, pa.Array, Codes]]:
        """Yield a feature as the reason of some rows: part, row positions, texts, text positions.

        Each distinct text is made once; it depends on the value and its contribution, or on a
        companion.
        """
        feature = self._features[number]
        own = Distinct.of(
            [columns[feature.name][rows], contributions[rows, number].round(DECIMALS)]
        )
        for case, of_case in feature.cases(own.columns[0]):
            values, amounts = (column[of_case] for column in own.columns)
            code_of = np.full(len(own.columns[0]), -1)
            code_of[of_case] = np.arange(len(of_case))
            codes = code_of[own.codes]
            here = np.flatnonzero(codes >= 0)
            value_text = feature.value_text(values)
            first, *others = self._wordings.phrases(feature, case)
            said = self._wordings.said(first, feature, case, {feature.name: values}, value_text)
            head = [
                f'{{"feature":"{feature.name}","value":',
                value_text,
                ',"contribution":',
                by_distinct(amounts, lambda distinct: distinct.cast(pa.string())),
                ',"text":"',
                *said,
                "" if others else '"}',
            ]
            yield 0, here, joined(head), codes[here]
            for part, phrase in enumerate(others, start=1):
                end = "" if part < len(others) else '"}'
                distinct = Distinct.of(
                    phrase.keys({name: columns[name][rows[here]] for name in phrase.names})
                )
                known = dict(zip(phrase.names, distinct.columns, strict=True))
                pieces = self._wordings.said(phrase, feature, case, known)
                yield part, here, joined([*pieces, end]), distinct.codes


def largest(contributions: Contributions, count: int, *, only_support: bool) -> Chosen:
    """Return the positions of each row's largest contributions, shape (places, rows); -1 for none.

    A contribution that rounds to zero is no reason; with `only_support`, neither is a negative one.
    """
    by_feature = contributions.T.copy() if only_support else np.abs(contributions.T)
    rows = np.arange(by_feature.shape[1])
    chosen = np.empty((min(count, len(by_feature)), len(rows)), dtype=np.int16)
    for place in chosen:
        found = by_feature.argmax(axis=0)
        place[:] = np.where(by_feature[found, rows] > LEAST, found, NO_REASON)
        by_feature[found, rows] = 0
    return chosen
