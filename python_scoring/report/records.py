"""Records of the report, as plain rows: read by `queries`, shown by the other modules."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from python_scoring.models.card_parts import Metrics
from python_scoring.report import formatting


@dataclass(frozen=True)
class Contract:
    """Contract of a product, from `prediction_contracts`."""

    product: str
    meaning: str
    unit: str
    cadence: str
    anchor_days: int
    availability_lag_hours: float
    deadline_hours: int
    valid_maximum: float
    contract_json: str
    minimum_customers: int

    def score(self, value: float | None) -> str:
        """Format a score with a precision that fits its range and size."""
        large = (10.0, 100.0)
        if value is None or self.valid_maximum <= large[0]:
            return formatting.number(value, 2)
        return formatting.number(value, sum(abs(value) < limit for limit in large))


@dataclass(frozen=True)
class Freshness:
    """Served predictions of a product, and whether consumers may act on them."""

    product: str
    as_of: datetime | None
    run_id: str | None
    model_version: str | None
    age_hours: float | None
    fresh_until: datetime | None
    freshness: str
    served_as: str | None
    action_allowed: bool
    action_blocked_reason: str | None
    action_policy: str
    default_score: float | None
    max_age_hours: int
    sla_owner: str
    last_attempt_as_of: datetime | None
    last_attempt_status: str | None
    last_attempt_reason: str | None
    last_attempt_at: datetime | None
    in_service_since: datetime | None


@dataclass(frozen=True)
class Attainment:
    """Share of a window's slots that were published by their deadline."""

    product: str
    window_days: int
    slots: int
    met: int
    attainment: float | None
    target: float
    is_met: bool | None


@dataclass(frozen=True)
class Deadline:
    """Deadline of a slot that a build has judged: met or breached."""

    product: str
    as_of: datetime
    deadline: datetime
    outcome: str


@dataclass(frozen=True)
class Attempt:
    """Attempt at a slot; `run_id` is None for a build without usable raw data."""

    product: str
    as_of: datetime
    run_id: str | None
    status: str
    reason: str | None
    recorded_at: datetime


@dataclass(frozen=True)
class Breach:
    """Missed deadline or exceeded maximum age."""

    product: str
    kind: str
    as_of: datetime
    deadline: datetime
    outcome: str
    hours_late: float | None
    reason: str | None


@dataclass(frozen=True)
class Incident:
    """Present state of an incident."""

    incident_id: str
    product: str
    cause: str
    severity: str
    status: str
    opened_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    reviewed_at: datetime | None
    fallback_mode: str | None
    as_of: datetime | None
    served_as_of: datetime | None
    message: str

    @property
    def is_over(self) -> bool:
        """Whether the condition is resolved, reviewed or not."""
        return self.status in ("resolved", "reviewed")


@dataclass(frozen=True)
class IncidentEvent:
    """Entry in the timeline of an incident."""

    incident_id: str
    event: str
    recorded_at: datetime
    recorded_by: str | None
    message: str | None


@dataclass(frozen=True)
class Duty:
    """Open duty after an incident."""

    incident_id: str
    duty: str
    subject: str | None
    owner: str | None
    due_on: date | None
    is_overdue: bool


@dataclass(frozen=True)
class Run:
    """State of a run, from `run_states`."""

    run_id: str
    product: str
    as_of: datetime
    status: str
    reason: str | None
    recorded_at: datetime
    last_entry: int
    is_served: bool


@dataclass(frozen=True)
class Batch:
    """Measured run: the number of its customers and the distribution of its scores."""

    run_id: str
    product: str
    as_of: datetime
    status: str
    is_served: bool
    model_version: str
    customers_scored: int
    mean_score: float | None
    score_p10: float | None
    score_p50: float | None
    score_p90: float | None


@dataclass(frozen=True)
class CheckCount:
    """Number of outcomes of one check in a run, by kind."""

    run_id: str
    product: str
    check_name: str
    passed: int
    warned: int
    blocked: int
    not_evaluated: int


@dataclass(frozen=True)
class Finding:
    """Check that did not pass, as a sentence."""

    run_id: str
    product: str
    check_name: str
    scope: str
    severity: str
    outcome: str
    message: str


@dataclass(frozen=True)
class Stability:
    """Population stability index of a run's scores against one of its two references."""

    run_id: str
    product: str
    scope: str
    value: float | None


@dataclass(frozen=True)
class Limit:
    """Limits of the population stability index in one scope; `*` is every other scope."""

    product: str
    scope: str
    warn_limit: float | None
    block_limit: float | None


@dataclass(frozen=True)
class Band:
    """Customers of a run in one decile of the training scores; the last band is open."""

    run_id: str
    tenth: int
    upper_edge: float | None
    customers: int


@dataclass(frozen=True)
class LabelSize:
    """Number of customers of a run with a label."""

    run_id: str
    label: str | None
    customers: int


@dataclass(frozen=True)
class Move:
    """Number of customers who moved between two labels since the previous batch."""

    run_id: str
    product: str
    former_run_id: str
    label_before: str | None
    label_after: str | None
    customers: int


@dataclass(frozen=True)
class Reason:
    """Frequency and effect of a feature among the reason codes of the newest served run.

    `customers` is the number of customers read, a sample of a large run. `first_reasons` counts
    those whose first reason it is, `raised` and `lowered` those whose score it raises or lowers;
    `raised_by` and `lowered_by` are the summed effects.
    """

    run_id: str
    product: str
    as_of: datetime
    feature: str
    customers: int
    first_reasons: int
    raised: int
    lowered: int
    raised_by: float
    lowered_by: float

    @property
    def importance(self) -> float:
        """Mean absolute contribution over the customers, where it is a reason."""
        return (self.raised_by - self.lowered_by) / self.customers


@dataclass(frozen=True)
class Challenge:
    """Challenger's run against its champion's, or why it failed."""

    product: str
    as_of: datetime
    champion_version: str
    challenger_version: str
    status: str
    reason: str | None
    customers: int | None
    label_agreement: float | None
    rank_agreement: float | None
    top_decile_in_common: float | None
    mean_difference: float | None
    psi: float | None
    kolmogorov_smirnov: float | None


@dataclass(frozen=True)
class ChallengeOutcome:
    """Outcomes of a challenger's newest run that is old enough, and of its champion's."""

    product: str
    as_of: datetime
    champion_version: str
    challenger_version: str
    labels_known: int
    champion_auc: float | None
    challenger_auc: float | None
    champion_brier: float | None
    challenger_brier: float | None
    champion_mae: float | None
    challenger_mae: float | None
    champion_bias: float | None
    challenger_bias: float | None
    champion_spearman: float | None
    challenger_spearman: float | None
    champion_calibration_gap: float | None
    challenger_calibration_gap: float | None


@dataclass(frozen=True)
class StepTime:
    """Seconds of one node of an attempt; it may stand for several steps."""

    product: str
    attempt: int
    as_of: datetime
    steps: str
    step_number: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run whose horizon has passed, from `outcome_scores`."""

    product: str
    as_of: datetime
    labels_known: int
    mean_outcome: float | None
    mean_score: float | None
    auc: float | None
    spearman: float | None
    calibration: str | None
    coverage: float | None
    interval_level: float | None


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of the served model at training, from its model.json."""

    product: str
    metrics: Metrics


@dataclass(frozen=True)
class Records:
    """All records of one warehouse for the report, at one instant."""

    now: datetime
    is_clock_frozen: bool
    days: int
    warehouse: str
    code_version: str
    contracts: list[Contract]
    freshness: list[Freshness]
    attainment: list[Attainment] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    check_counts: list[CheckCount] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stability: list[Stability] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    label_sizes: list[LabelSize] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    challenges: list[Challenge] = field(default_factory=list)
    challenge_outcomes: list[ChallengeOutcome] = field(default_factory=list)
    step_times: list[StepTime] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    @property
    def since(self) -> datetime:
        """First instant of the report's window."""
        return self.now - timedelta(days=self.days)

    @property
    def products(self) -> list[str]:
        """Products in the order in which they are shown."""
        return [contract.product for contract in self.contracts]

    def batches_of(self, product: str) -> list[Batch]:
        """Return the measured batches of a product, oldest first."""
        return [batch for batch in self.batches if batch.product == product]
