"""The contract of a product, `config.meta.prediction` beside its mart: what it may say, and units.

`findings` is the only validation there is: dbt's macros call it through a DuckDB function, the
linter step and `customer-predictions contracts` directly. The JSON schema that editors read is made
from the same classes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

Number = StrictInt | StrictFloat
Text = Annotated[str, StringConstraints(strict=True, min_length=1, strip_whitespace=True)]
WholeNumber = Annotated[StrictInt, Field(ge=1)]
Hours = Annotated[Number, Field(ge=0)]

LIMITS = ("warn_above", "block_above", "warn_below", "block_below")


class Part(BaseModel):
    """A part of a contract: no key beyond those declared."""

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
    """A label, and the score below which it applies; the last band has no limit."""

    name: Text = Field(description="the label that consumers read")
    below: Number | None = Field(None, description="the score below which it applies, a number")


class Population(Part):
    """Which customers are scored."""

    description: Text = Field(description="the customers in words")
    condition: Text = Field(description="SQL over the columns of feature_snapshots")


class Uncertainty(Part):
    """Bounds of a score; without a level there are none."""

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
    anchor: str | StrictInt | None = Field(None, description="a weekday, or a day of the month")
    availability_lag_hours: Hours = Field(
        description="hours after the as-of until data are complete"
    )


class Freshness(Part):
    """How long a score may be used."""

    expected_within_hours: Hours = Field(description="hours after the data are complete")
    max_age_hours: Hours = Field(description="hours after the as-of")


class Escalation(Part):
    """How many breaches within how many days ask for which responses."""

    breaches: WholeNumber = Field(description="a whole number of at least 1")
    within_days: WholeNumber = Field(description="a whole number of at least 1")
    responses: dict[str, WholeNumber] = Field(
        min_length=1,
        description="a whole number of at least 1 for each response. An escalation has breaches, "
        "within_days, and responses, each with the days until it is due",
    )


class Sla(Part):
    """What consumers are promised about time; what is left out is in `default_sla`."""

    owner: Text = Field(description="the team that answers for the product")
    target: Annotated[Number, Field(gt=0, le=1)] | None = Field(
        None, description="a share of slots above 0 and up to 1, for example 0.99"
    )
    review_within_days: WholeNumber | None = Field(None, description="a whole number of at least 1")
    escalation: Escalation | None = Field(
        None, description="An escalation has breaches, within_days, and responses"
    )


class Shap(Part):
    """The rows that are worth SHAP values: a share of the highest scores, or a score."""

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
    """Reasons of a score; what is left out is in `default_explanations`."""

    reasons: WholeNumber | None = Field(
        None, description="how many reasons a score has, a whole number of at least 1"
    )
    shap: Shap | None = Field(None, description="the rows that are worth it")


class ConservativeDefault(Part):
    """The score to act on while action is blocked."""

    score: Number = Field(description="a score within the valid range")
    reason: Text = Field(description="why it harms nobody")


class Setting(Part):
    """A setting of the checks, with its reason."""

    value: Any = Field(description="the setting")
    reason: Text = Field(description="why")


class Rule(Part):
    """Limits of a check: either above or below, with the reason."""

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


class Contract(Part):
    """What one product promises. Numbers are in the contract's unit, times in hours or days."""

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
    intended_use: list[Text] = Field(min_length=1, description="keys of usage_contexts")
    not_to_be_used_for: Text = Field(description="what it must not be used for")
    known_limitations: Text = Field(description="what consumers have to know")
    uncertainty: Uncertainty = Field(description="meaning, and the level of the bounds")
    schedule: Schedule = Field(description="cadence and availability_lag_hours")
    freshness: Freshness = Field(description="expected_within_hours and max_age_hours")
    sla: Sla = Field(description="owner")
    action_policy: Text = Field(description="a key of action_policies")
    explanations: Explanations | None = Field(None, description="reasons and shap")
    conservative_default: ConservativeDefault = Field(description="score and reason")
    check_settings: dict[str, Setting] = Field(default_factory=dict)
    checks: dict[str, Rule] = Field(description="limits of its own, possibly none: {}")
    notice_days: WholeNumber | None = Field(None, description="days, a whole number")

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


def findings(contract: Mapping[str, Any], variables: Mapping[str, Any], file: str) -> list[str]:
    """Everything that is wrong with a contract as the YAML has it, a sentence each; none if valid.

    `variables` are the vars of dbt_project.yml, `file` is where the contract stands. A sentence
    names file, product and key, what was found and what was expected.
    """
    product = contract.get("product") or "without a name"
    place = f"{file}: product {product}: config.meta.prediction"
    return [f"{place}{found}" for found in (*_of_shape(contract), *_of_names(contract, variables))]


def json_schema() -> dict[str, Any]:
    """JSON schema of the YAML files that hold contracts: editors complete and check them by it."""
    schema = Contract.model_json_schema()
    definitions = schema.pop("$defs")
    meta = {"properties": {"prediction": {"$ref": "#/$defs/Contract"}}}
    model = {"properties": {"config": {"properties": {"meta": meta}}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dbt YAML of a product, with its contract",
        "type": "object",
        "properties": {"models": {"type": "array", "items": model}},
        "$defs": {"Contract": schema, **definitions},
    }


def schema_text() -> str:
    """The JSON schema as docs/contract.schema.json holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _of_shape(contract: Mapping[str, Any]) -> Iterator[str]:
    try:
        Contract.model_validate(dict(contract))
    except ValidationError as error:
        seen = set()
        for problem in error.errors(include_url=False):
            path, part = _place(problem["loc"])
            if path not in seen:
                seen.add(path)
                yield path + _said(problem, part)


def _place(location: tuple[int | str, ...]) -> tuple[str, FieldInfo | None]:
    """The dotted path of a key, without the names of types, and the field that declares it."""
    path = ""
    owner: type[Part] | None = Contract
    field: FieldInfo | None = None
    for step in location:
        if owner is not None and step in owner.model_fields:
            field = owner.model_fields[str(step)]
            owner = _part_in(field.annotation)
        elif step in _TYPE_NAMES:
            continue
        path += f".{step}"
    return path, field


_TYPE_NAMES = {"int", "float", "str", "constrained-int", "constrained-float"}


def _part_in(annotation: Any) -> type[Part] | None:
    """The class of the parts that a field holds: itself, in a list or dictionary, or optional."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next(
        (found for each in getattr(annotation, "__args__", ()) if (found := _part_in(each))), None
    )


def _said(problem: Any, field: FieldInfo | None) -> str:
    value, kind = problem["input"], problem["type"]
    if kind == "value_error":
        text = str(problem["ctx"]["error"])
        return text if text.startswith(".") else f" {text}"
    if kind == "extra_forbidden":
        *others, last = _siblings(problem["loc"])
        return f" is unknown; expected {', '.join(others)} or {last}"
    expected = (field and field.description) or problem["msg"].lower()
    if kind == "missing" or value is None or value in ("", [], {}) or str(value).isspace():
        return f" is missing or empty; expected {expected}"
    return f" is {value}; expected {expected}"


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    owner: type[Part] = Contract
    for step in location[:-1]:
        if step in owner.model_fields:
            owner = _part_in(owner.model_fields[str(step)].annotation) or owner
    return list(owner.model_fields)


def _of_names(contract: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[str]:
    """Names that dbt_project.yml has to know."""
    contexts = variables["usage_contexts"]
    for context in contract.get("intended_use") or []:
        if context not in contexts:
            yield (
                f".intended_use names {context}; expected {', '.join(contexts)}, or a new one "
                "under usage_contexts in dbt_project.yml"
            )
    policy = contract.get("action_policy")
    if policy and policy not in variables["action_policies"]:
        expected = ", ".join(variables["action_policies"])
        yield f".action_policy is {policy}; expected one of {expected}"
    for key, defaults in (
        ("checks", "default_checks"),
        ("check_settings", "default_check_settings"),
    ):
        known = sorted(variables[defaults])
        for name in contract.get(key) or {}:
            if name not in known:
                kind = "a check" if key == "checks" else "a setting of the checks"
                yield f".{key}.{name} is not {kind}; expected one of {', '.join(known)}"
