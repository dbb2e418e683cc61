"""Variables of the project: the vars of dbt_project.yml, with types, ranges and formats.

Each build refuses a malformed variable before it does anything, also one that it would not read:
a mistake in a scheduler's settings is found on the day it is made.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, model_validator

from python_scoring.clock import AN_INSTANT, parse_instant, split_request
from python_scoring.contracts.contract import Defaults, Number, Part, Rule, Text, WholeNumber
from python_scoring.contracts.shape import shape_findings


def _instants(value: Any) -> Any:
    """As-ofs as YAML has them, a text or a date, separated by commas, each perhaps of a product."""
    try:
        for part in str(value).split(","):
            _, instant = split_request(part)
            parse_instant(instant)
    except (ValueError, OverflowError):
        raise ValueError(
            f"is {value}; expected {AN_INSTANT}, or several, separated by commas"
        ) from None
    return value


def _instant(value: Any) -> Any:
    """One instant as YAML has it."""
    try:
        parse_instant(str(value))
    except (ValueError, OverflowError):
        raise ValueError(f"is {value}; expected {AN_INSTANT}") from None
    return value


Instant = Annotated[Any, AfterValidator(_instant)]
Instants = Annotated[Any, AfterValidator(_instants)]
Share = Annotated[Number, Field(ge=0, le=1)]
Count = Annotated[StrictInt, Field(ge=0)]


class Maintenance(Part):
    """When a build ends with maintenance of the lake, and what it may take."""

    every_days: WholeNumber = Field(description="a whole number of at least 1")
    keep_days: WholeNumber = Field(description="a whole number of at least 1")
    seconds: WholeNumber = Field(description="a whole number of at least 1")


class DeniedAccess(Part):
    """Number of denied reads within a number of hours that is an incident."""

    denials: WholeNumber = Field(description="a whole number of at least 1")
    within_hours: Annotated[Number, Field(gt=0)] = Field(description="a number of hours above 0")


class Variables(Defaults):
    """Every var of dbt_project.yml, and those that are given on the command line alone.

    The vars of other packages, such as Elementary's, are not looked at.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    as_of: Instants = Field(None, description=AN_INSTANT)
    now: Instant = Field(None, description=AN_INSTANT)
    largest_credible_amount: Annotated[Number, Field(gt=0)] = Field(
        description="an amount above 0, for example 1000000"
    )
    earliest_credible_instant: Instant = Field(description=AN_INSTANT)
    largest_rejected_share: Share = Field(
        description="a share of rows from 0 to 1, for example 0.25"
    )
    carried_forward_days: Count = Field(
        description="a whole number of days of at least 0, for example 45"
    )
    maintain_lake: Maintenance = Field(
        description="every_days, keep_days and seconds, each a whole number of at least 1"
    )
    customers_verified: Count = Field(
        description="a whole number of customers of at least 0, for example 1000"
    )
    check_families: dict[str, dict[str, Rule]] = Field(
        min_length=1, description="the checks of each family, with their limits and reasons"
    )
    drift_checks: list[Text] = Field(description="a list of names of default_checks")
    outcomes_per_build: WholeNumber = Field(description="a whole number of runs of at least 1")
    reasons_in_report: WholeNumber = Field(
        description="a whole number of customers of at least 1, for example 100000"
    )
    deprecation_notices: list[WholeNumber] = Field(
        min_length=1, description="a list of whole numbers of days, for example [60, 30, 7]"
    )
    early_signs: list[Text] = Field(description="a list of names of default_checks")
    feed_activity: dict[str, Text] = Field(
        min_length=1, description="a condition on the feature snapshot for each kind of activity"
    )
    denied_access: DeniedAccess = Field(description="denials and within_hours")
    column_types: list[dict[str, Any]] = Field(
        min_length=1, description="a list of columns, each with name and data_type"
    )
    columns: dict[str, list[dict[str, Any]]] = Field(
        min_length=1, description="a list of columns for each kind of table"
    )

    @model_validator(mode="after")
    def _known_checks(self) -> "Variables":
        for name in ("drift_checks", "early_signs"):
            for check in getattr(self, name):
                if check not in self.default_checks:
                    raise ValueError(f".{name} names {check}; expected names of default_checks")
        return self


def variable_findings(
    variables: Mapping[str, Any], on_command_line: Collection[str] = ()
) -> Iterator[str]:
    """Yield a sentence for each malformed variable: its place, value and the expected format.

    Parameters
    ----------
    variables
        The vars of the project, those of the command line included.
    on_command_line
        Names of vars that come from `--vars`; the others are of dbt_project.yml.

    """
    given = {name: value for name, value in variables.items() if not _is_unset(name, value)}
    for found in shape_findings(Variables, given):
        name = found.removeprefix(".").partition(" ")[0].partition(".")[0]
        yield f"{'--vars' if name in on_command_line else 'dbt_project.yml: vars'}{found}"


def _is_unset(name: str, value: Any) -> bool:
    """Whether a var that is on the command line alone is empty, as in the environment."""
    return name in ("as_of", "now") and value in (None, "")
