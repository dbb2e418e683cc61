"""Contract of a product: the keys of `config.meta.prediction` of its mart, with types and units.

A contract is validated with the defaults of dbt_project.yml in place (`validation.py`), so readers
find every value in the object and look nowhere else. The JSON schema for editors (`schemas.py`) is
made from the same classes.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

# A limit that is not a number would never be exceeded.
Number = StrictInt | Annotated[StrictFloat, AllowInfNan(allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(strict=True, pattern=r"\S")]
WholeNumber = Annotated[StrictInt, Field(ge=1)]
Hours = Annotated[Number, Field(ge=0)]

LIMITS = ("warn_above", "block_above", "warn_below", "block_below")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_ANCHOR_DAY = 28  # exists in every month


class Part(BaseModel):
    """Part of a contract; other keys than the declared ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ValidRange(Part):
    """The range of a score, in the contract's unit, both ends included."""

    minimum: Number = Field(description="the smallest score, a number")
    maximum: Number = Field(description="the largest score, a number")

    @model_validator(mode="after")
    def _lower_first(self) -> "ValidRange":
        if not self.minimum < self.maximum:
            raise ValueError(
                f"is {self.minimum} to {self.maximum}; expected two numbers, the lower first"
            )
        return self


class Label(Part):
    """Label, and the score below which it applies; the last band has no limit."""

    name: Text = Field(description="the label that consumers read")
    below: Number | None = Field(None, description="the score below which it applies, a number")
    definition: list[Text] | None = Field(
        None,
        description="comparisons of which one suffices, such as recency_days > 365; the first "
        "label whose definition applies is the customer's, and the last has none",
    )


class Claim(Part):
    """What the name of a segment claims of the days of the horizon: more than another one."""

    segment: Text = Field(description="the segment that has more")
    above: Text = Field(description="the segment that has less")
    measure: Literal["purchases", "revenue"] = Field(
        description="purchases (the share with revenue above zero, net of returns) or revenue "
        "(its mean)"
    )


class Segments(Part):
    """What segments claim, which outcomes can contradict."""

    claims: list[Claim] = Field(description="segment, above and measure, each")


class Population(Part):
    """Which customers are scored."""

    description: Text = Field(description="the customers in words")
    condition: Text = Field(description="SQL over the columns of feature_snapshots")


class Uncertainty(Part):
    """Bounds of a score; no bounds without a level."""

    meaning: Text = Field(description="what the bounds enclose, in words")
    interval_level: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        None, description="a share between 0 and 1, such as 0.9; leave it out for no bounds"
    )
    group_size: WholeNumber = Field(1, description="a whole number of customers, such as 25")


class Schedule(Part):
    """When a slot is due."""

    cadence: Literal["daily", "weekly", "monthly", "quarterly"] = Field(
        description="one of daily, weekly, monthly, quarterly"
    )
    anchor: str | StrictInt | None = Field(
        None, description="a weekday (weekly), or a day of the month (monthly, quarterly)"
    )
    availability_lag_hours: Hours = Field(
        description="hours after the as-of until data are complete"
    )

    @model_validator(mode="after")
    def _anchor_fits(self) -> "Schedule":
        if self.anchor is not None and self._days() is None:
            raise ValueError(
                f".anchor is {self.anchor}, which does not fit the cadence {self.cadence}; "
                "expected a weekday in lower case for weekly, a day from 1 to 28 for monthly and "
                "quarterly"
            )
        return self

    @property
    def anchor_days(self) -> int:
        """Days from the natural start of the period to its slot."""
        return self._days() or 0

    def _days(self) -> int | None:
        anchor = self.anchor
        if self.cadence == "daily":
            return 0
        if self.cadence == "weekly":
            return WEEKDAYS.index(anchor) if anchor in WEEKDAYS else None
        is_day = isinstance(anchor, int) and 1 <= anchor <= LAST_ANCHOR_DAY
        return int(anchor) - 1 if is_day and anchor is not None else None


class Freshness(Part):
    """Period for which a score may be used."""

    expected_within_hours: Hours = Field(description="hours after the data are complete")
    max_age_hours: Hours = Field(description="hours after the as-of")


class Escalation(Part):
    """Number of breaches within a number of days, and the responses they require."""

    breaches: WholeNumber = Field(description="a whole number of at least 1")
    within_days: WholeNumber = Field(description="a whole number of at least 1")
    responses: dict[str, WholeNumber] = Field(
        min_length=1,
        description="a whole number of at least 1 for each response. An escalation has breaches, "
        "within_days, and responses, each with the days until it is due",
    )


class SlaDefaults(Part):
    """Service level of every product."""

    target: Annotated[Number, Field(gt=0, le=1)] = Field(
        description="a share of slots above 0 and up to 1, for example 0.99"
    )
    review_within_days: WholeNumber = Field(description="a whole number of at least 1")
    escalation: Escalation = Field(
        description="An escalation has breaches, within_days, and responses"
    )


class Sla(SlaDefaults):
    """Service level of one product; `default_sla` fills in missing keys."""

    owner: Text = Field(description="the team that answers for the product")


class Shap(Part):
    """Rows that get SHAP values: a share of the highest scores, or all from a score on."""

    top_share: Annotated[Number, Field(gt=0, le=1)] | None = Field(
        None, description="a score, or for top_share a share above 0 and up to 1"
    )
    score_at_least: Number | None = Field(None, description="a score")

    @model_validator(mode="after")
    def _one_of_both(self) -> "Shap":
        if (self.top_share is None) == (self.score_at_least is None):
            raise ValueError(
                f"is {self.model_dump(exclude_none=True)}; expected the rows that are worth it, "
                "either as top_share, for example {top_share: 0.1}, or as score_at_least"
            )
        return self


class Explanations(Part):
    """Reason codes of a score; `default_explanations` fills in missing keys."""

    reasons: WholeNumber = Field(
        description="how many reasons a score has, a whole number of at least 1"
    )
    shap: Shap | None = Field(None, description="the rows that are worth it")


class ConservativeDefault(Part):
    """Score to act on while action is blocked."""

    score: Number = Field(description="a score within the valid range")
    reason: Text = Field(description="why it harms nobody")


class Setting(Part):
    """A setting of the checks, with its reason."""

    value: Any = Field(description="the setting")
    reason: Text = Field(description="why")


# Settings that are conditions on the feature snapshot, or null; all others are numbers.
CONDITIONS = ("recent_activity",)


def _of_their_kind(settings: dict[str, Setting]) -> dict[str, Setting]:
    for name, setting in settings.items():
        value = setting.value
        if name in CONDITIONS:
            if not isinstance(value, str | None):
                raise ValueError(f".{name}.value is {value}; expected a condition in SQL, or null")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f".{name}.value is {value}; expected a number")
    return settings


Settings = Annotated[dict[str, Setting], AfterValidator(_of_their_kind)]


class Rule(Part):
    """Limits of a check, either above or below, with the reason."""

    applies: StrictBool = True
    reason: str | None = None
    warn_above: Number | None = Field(None, description="a number")
    block_above: Number | None = Field(None, description="a number")
    warn_below: Number | None = Field(None, description="a number")
    block_below: Number | None = Field(None, description="a number")
    scopes: dict[str, "Rule"] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_side_with_a_reason(self) -> "Rule":
        sides = {name.split("_")[1] for name in LIMITS if getattr(self, name) is not None}
        if not (self.reason or "").strip() or (self.applies and len(sides) != 1):
            raise ValueError("needs a reason, and limits either above or below (or applies: false)")
        return self


class ScoringContract(BaseModel):
    """Keys of a contract that scoring, training and replay read.

    A run keeps its contract as JSON (`contract_json`). Replay reads it years later, so unknown keys
    are ignored here.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    product: Text = Field(description="the product, as its folder is called")
    output_schema_version: Text = Field(description='the version of the columns, such as "1.0"')
    meaning: Text = Field(description="what the score means")
    score_type: Literal["probability", "estimate", "segment"] = Field(
        description="one of probability, estimate, segment"
    )
    unit: Text = Field(description="the unit of the score")
    valid_range: ValidRange = Field(description="minimum and maximum")
    labels: list[Label] = Field(min_length=1, description="labels in the order of the score")
    horizon_days: Annotated[StrictInt, Field(ge=0)] = Field(
        description="days after the as-of that the score looks ahead"
    )
    eligible_population: Population = Field(description="description and condition")
    uncertainty: Uncertainty = Field(description="meaning, and the level of the bounds")
    schedule: Schedule = Field(description="cadence and availability_lag_hours")
    explanations: Explanations = Field(description="reasons and shap")
    segments: Segments | None = Field(None, description="what the names of segments claim")

    @field_validator("segments")
    @classmethod
    def _of_known_labels(cls, segments: Segments | None, info: ValidationInfo) -> Segments | None:
        names = [label.name for label in info.data.get("labels") or []]
        for place, claim in enumerate(segments.claims if segments else []):
            for name in (claim.segment, claim.above):
                if names and name not in names:
                    raise ValueError(
                        f".claims.{place} names {name}; expected two of {', '.join(names)}"
                    )
        return segments


class Contract(ScoringContract):
    """Contract of one product. Numbers are in the contract's unit, times in hours or days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intended_use: list[Text] = Field(min_length=1, description="keys of usage_contexts")
    not_to_be_used_for: Text = Field(description="what it must not be used for")
    known_limitations: Text = Field(description="what consumers have to know")
    freshness: Freshness = Field(description="expected_within_hours and max_age_hours")
    sla: Sla = Field(description="owner")
    action_policy: Text = Field(description="a key of action_policies")
    conservative_default: ConservativeDefault = Field(description="score and reason")
    check_settings: Settings = Field(default_factory=dict)
    checks: dict[str, Rule] = Field(description="limits of its own, possibly none: {}")
    notice_days: WholeNumber = Field(description="days, a whole number")
    former_labels: list[Text] = Field(
        default_factory=list, description="labels that only earlier models of the product give"
    )

    @field_validator("conservative_default")
    @classmethod
    def _within_the_range(
        cls, default: ConservativeDefault, info: ValidationInfo
    ) -> ConservativeDefault:
        valid = info.data.get("valid_range")
        if valid and not valid.minimum <= default.score <= valid.maximum:
            raise ValueError(
                f".score is {default.score}, outside of the valid range, "
                f"{valid.minimum} to {valid.maximum}"
            )
        return default

    @property
    def deadline_hours(self) -> int | float:
        """Hours after the as-of by which a slot has to be published."""
        return self.schedule.availability_lag_hours + self.freshness.expected_within_hours


class Defaults(BaseModel):
    """The vars of dbt_project.yml that a contract falls back on, or names a key of."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    usage_contexts: dict[str, Text] = Field(min_length=1, description="a meaning for each context")
    action_policies: dict[str, Text] = Field(min_length=1, description="a meaning for each policy")
    default_checks: dict[str, Rule] = Field(min_length=1, description="limits for each check")
    default_check_settings: Settings = Field(description="a setting, with its reason")
    default_sla: SlaDefaults = Field(description="target, review_within_days and escalation")
    default_explanations: Explanations = Field(description="reasons, and perhaps shap")
    default_notice_days: WholeNumber = Field(description="days, a whole number")


def with_defaults(declared: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the contract of the YAML over the defaults of dbt_project.yml.

    A key of `sla`, `explanations`, `checks` or `check_settings` replaces the default of that name
    as a whole.
    """
    merged = {
        key: {**(variables[f"default_{key}"]), **found}
        for key in ("sla", "explanations", "checks", "check_settings")
        if isinstance(found := _section(declared, key), Mapping)
    }
    return {"notice_days": variables["default_notice_days"], **declared, **merged}


def _section(declared: Mapping[str, Any], key: str) -> Any:
    """Return a section of the contract; empty if it is absent and needs no key of its own."""
    if key in ("explanations", "check_settings"):
        return declared.get(key) or {}
    return declared.get(key)
