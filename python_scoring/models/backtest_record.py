"""Record of a backtest, as `customer-predictions backtest --out` writes it and the report reads it.

Figures are lists of value, lower and upper end, by name; None where one cannot be computed.
"""

from typing import TypedDict

from python_scoring.models.card_parts import JudgedClaim

Figures = dict[str, list[float | None]]


class MeasuredModel(TypedDict, total=False):
    """One model on one as-of: its figures, or the claims of a contract of segments.

    `coverage_by_fifth` goes from the lowest scores up, of one as-of and a model with bounds; else
    it is empty.
    """

    figures: Figures
    coverage_by_fifth: list[float]
    claims: list[JudgedClaim]


class Entry(TypedDict):
    """One as-of, or all together with `as_of` None; `difference` is second less first model.

    `models` are in the order of the backtest's `model_versions`.
    """

    as_of: str | None
    customers: int
    rows: int
    models: list[MeasuredModel]
    difference: Figures


class Move(TypedDict):
    """Number of customers whose label would change from one to another, or stay."""

    was: str
    becomes: str
    customers: int


class Pin(TypedDict):
    """Effect of a pin of the second model on the customers of one as-of.

    `mean_score` is before and after, `score_shift` quantiles of the shift of single scores.
    """

    as_of: str
    customers: int
    labels: list[Move]
    relabelled: int
    mean_score: list[float]
    score_shift: dict[str, float]


class StoredBacktest(TypedDict):
    """A whole backtest; `left_out` gives the reason for each as-of that was not measured."""

    product: str
    model_versions: list[str]
    level: float
    samples: int
    measured: list[Entry]
    left_out: dict[str, str]
    pin: Pin | None
