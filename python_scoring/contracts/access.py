"""Access of a consumer: `config.meta` of an exposure, with types.

The exposure says which versions of which outputs the consumer reads, for what, until when, and how
bad it is when predictions are late. The serving database grants exactly that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from python_scoring.contracts.contract import Part, Text, WholeNumber


def _day(value: Any) -> Any:
    """A day as YAML or JSON has it; numbers, which pydantic reads as seconds, are refused."""
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise ValueError(f"is '{value}'; expected a day such as 2027-12-31")  # noqa: TRY004 - pydantic reports ValueErrors alone
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"is '{value}'; expected a day such as 2027-12-31") from None


Day = Annotated[date, BeforeValidator(_day)]
_LIST = "a list of at least one"


class OutputAccess(Part):
    """Access to some versions of one output."""

    output: Text = Field(description="an output that the project serves, such as clv_predictions")
    versions: list[WholeNumber] = Field(min_length=1, description=f"{_LIST} version, such as [1]")
    usage_contexts: list[Text] = Field(
        min_length=1,
        description=f"{_LIST} of usage_contexts in dbt_project.yml: what the scores are used for",
    )
    columns_withheld: list[Text] = Field(
        default_factory=list, description="columns of the output that the consumer may not read"
    )
    valid_until: Day | None = Field(None, description="a day such as 2027-12-31")


class Access(Part):
    """Outputs that a consumer may read."""

    role: Text | None = Field(
        default=None, description="a role of the serving database, such as pricing"
    )
    valid_until: Day | None = Field(None, description="a day such as 2027-12-31")
    outputs: list[OutputAccess] = Field(
        default_factory=list, description="the outputs, each with versions and usage_contexts"
    )


class ExposureMeta(BaseModel):
    """The keys of an exposure's `config.meta` that this project reads; others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    criticality: Literal["low", "medium", "high"] = Field(
        description="low, medium or high: how bad it is when its predictions are late"
    )
    access: Access | None = Field(None, description="role, valid_until and outputs")


@dataclass(frozen=True)
class Consumer:
    """A valid exposure."""

    name: str
    label: str
    owner: str
    maturity: str
    meta: ExposureMeta


@dataclass(frozen=True)
class Entitlement:
    """Right of a consumer to read one version of an output, for some usage contexts."""

    consumer: str
    label: str
    role: str
    owner: str
    criticality: str
    maturity: str
    output: str
    version: int
    product: str
    usage_contexts: tuple[str, ...]
    columns_withheld: tuple[str, ...]
    valid_until: str | None


def owner_of(exposure: Mapping[str, Any]) -> str | None:
    """Return the name of the team that owns a consumer, else its address."""
    owner = exposure["owner"]
    return owner.get("name") or owner.get("email") or None


def entitlements_of(consumer: Consumer, products: Mapping[str, str]) -> list[Entitlement]:
    """Return the entitlements of a consumer; `products` has the product of each output."""
    access = consumer.meta.access
    if access is None:
        return []
    found = []
    for wanted in access.outputs:
        until = wanted.valid_until or access.valid_until
        found += [
            Entitlement(
                consumer=consumer.name,
                label=consumer.label,
                role=access.role or consumer.name,
                owner=consumer.owner,
                criticality=consumer.meta.criticality,
                maturity=consumer.maturity,
                output=wanted.output,
                version=version,
                product=products[wanted.output],
                usage_contexts=tuple(wanted.usage_contexts),
                columns_withheld=tuple(wanted.columns_withheld),
                valid_until=str(until) if until else None,
            )
            for version in wanted.versions
        ]
    return found
