"""Parts of a model card, as model.json has them: plain mappings whose keys are declared here.

A part that is empty is not known: a model without bounds has `{}`.
"""

from typing import Any, TypedDict


class Bins(TypedDict, total=False):
    """Shares of the customers per bin, each ending with its edge; the last one is open."""

    edges: list[float]
    shares: list[float]


class Distribution(TypedDict, total=False):
    """Distribution of a feature, of the scores or of the labels in the training.

    `missing` is the share of nulls. A number has `edges`, `shares` and `mean`, a category
    `categories`. Scores have finer bins and `quantiles` (p10, p50, p90) as well.
    """

    missing: float
    categories: dict[str, float]
    edges: list[float]
    shares: list[float]
    mean: float | None
    fine: Bins
    quantiles: dict[str, float]


class Reference(TypedDict, total=False):
    """Distributions of the training that runs are compared with."""

    features: dict[str, Distribution]
    score: Distribution
    label: Distribution


class Tenth(TypedDict):
    """A tenth of the customers by score: mean prediction, mean outcome, number of rows."""

    predicted: float
    observed: float
    rows: int


class JudgedClaim(TypedDict):
    """Claim of the contract about a segment, with the outcomes of both segments.

    `higher` and `lower` are the mean outcomes of the one and the other, `customers` their numbers.
    `turned` is by how many standard errors the claimed order is turned; None for too few customers.
    """

    segment: str
    above: str
    measure: str
    higher: float | None
    lower: float | None
    customers: list[int]
    turned: float | None


class Metrics(TypedDict, total=False):
    """Evaluation on a later as-of, or `not_evaluated`, the reason why there is none.

    `before_calibration` has the same figures of the uncalibrated scores, and `reported` those of
    the source of an imported model.
    """

    not_evaluated: str | None
    as_of: str
    rows: int
    base_rate: float
    auc: float
    brier: float
    log_loss: float
    calibration: list[Tenth]
    mean_actual: float
    mae: float
    bias: float
    spearman: float
    share_per_label: dict[str, float]
    mean_clearness: float
    coverage: float | None
    coverage_by_fifth: list[float]
    interval_level: float
    claims: list[JudgedClaim]
    before_calibration: "Metrics"
    reported: dict[str, float]


class TrainingData(TypedDict, total=False):
    """Rows that the model learned from: their number, digest and, imported, their data sets."""

    rows: int
    rows_per_as_of: dict[str, int]
    digest: str
    datasets: list[dict[str, str]]


class Configuration(TypedDict, total=False):
    """Recipe of a training, or the source of an imported model with its parameters and tags."""

    estimator: str
    settings: dict[str, Any]
    monotonic: dict[str, int]
    source: dict[str, str | None]
    parameters: dict[str, str]
    tags: dict[str, str]


class SegmentDefinition(TypedDict):
    """Segment and its definition in words."""

    segment: str
    definition: str


class SegmentRules(TypedDict, total=False):
    """Rules of a model of segments: limits learned from the shop, and definitions in order."""

    limits: dict[str, float]
    definitions: list[SegmentDefinition]
