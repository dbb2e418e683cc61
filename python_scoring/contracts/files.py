"""Data contracts as files of the Open Data Contract Standard, one per served version.

The files state only what the project's YAML states: in the standard's own fields where it has them,
else in `customProperties`. The same project gives the same bytes.
"""

from pathlib import Path
from typing import Any

from open_data_contract_standard.model import (
    CustomProperty,
    Description,
    OpenDataContractStandard,
    Role,
    Server,
    ServiceLevelAgreementProperty,
    Support,
    Team,
)

from python_scoring.contracts.access import Entitlement
from python_scoring.contracts.completeness import require_complete
from python_scoring.contracts.contract import Contract
from python_scoring.contracts.file_schema import schema_object, sentences
from python_scoring.contracts.served_outputs import (
    ServedOutput,
    project_variables,
    replacements,
    served_outputs,
)
from python_scoring.contracts.validation import ValidatedProject, validate
from python_scoring.errors import InputError
from python_scoring.project import Manifest

STANDARD = "v3.2.0"

# Cadence as a number and a unit of the standard.
CADENCES = {"daily": (1, "d"), "weekly": (7, "d"), "monthly": (1, "mo"), "quarterly": (3, "mo")}


def write_contracts(manifest: Manifest, folder: Path) -> list[Path]:
    """Write a file per served version, and remove files of versions that are gone.

    Raises PredictionError if a contract is incomplete, InputError if the folder cannot be written.
    """
    require_complete(manifest)
    project, outputs = validate(manifest).require_valid(), served_outputs(manifest)
    texts = {
        f"{served.relation}.odcs.yaml": data_contract(project, served, outputs).to_yaml()
        for served in outputs
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for former in folder.glob("*.odcs.yaml"):
            if former.name not in texts:
                former.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise InputError(
            f"{folder}: the contracts cannot be written there: {reason}. Name a folder with --out."
        ) from error
    return [folder / name for name in texts]


def data_contract(
    project: ValidatedProject, served: ServedOutput, outputs: list[ServedOutput]
) -> OpenDataContractStandard:
    """Return the contract of one served version; `outputs` are all that the project serves."""
    contexts = project_variables()["usage_contexts"]
    contract = project.contracts[served.product].contract
    owner = contract.sla.owner
    return OpenDataContractStandard(
        version=served.output_schema_version,
        kind="DataContract",
        apiVersion=STANDARD,
        id=served.relation,
        name=served.relation,
        status="deprecated" if served.deprecated_on else "active",
        domain="customer predictions",
        dataProduct=served.product,
        description=Description(
            purpose=sentences(contract.meaning),
            usage=_usage(contract, contexts),
            limitations=sentences(
                f"{contract.known_limitations} Bounds: {contract.uncertainty.meaning} "
                f"Not to be used for: {contract.not_to_be_used_for}"
            ),
        ),
        servers=_servers(),
        schema=[schema_object(served, contract)],
        support=[
            Support(
                channel=owner,
                tool="other",
                scope="issues",
                description="The owner of the product; is notified of every incident.",
            )
        ],
        team=Team(name=owner, description="Answers for the product."),
        roles=[_role(consumer) for consumer in project.readers(served)],
        slaDefaultElement=f"{served.relation}.as_of",
        slaProperties=_service_levels(served, contract),
        customProperties=_custom_properties(served, contract, contexts, outputs),
    )


def _usage(contract: Contract, contexts: dict[str, str]) -> str:
    uses = [f"{context}: {contexts[context]}" for context in contract.intended_use]
    return " ".join(uses)


def _servers() -> list[Server]:
    return [
        Server(
            server="lake",
            type="duckdb",
            description=(
                "DuckLake below the folder WAREHOUSE; attach it read-only, under the name lake."
            ),
            database="ducklake:sqlite:${WAREHOUSE}/lake.sqlite",
            schema="marts",
        ),
        Server(
            server="serving",
            type="postgres",
            description=(
                "PostgreSQL, where the operator runs one: the same names, one role per consumer."
            ),
            host="${SERVING_HOST}",
            port="${SERVING_PORT}",
            database="${SERVING_DATABASE}",
            schema="serving",
        ),
    ]


def _role(consumer: Entitlement) -> Role:
    return Role(
        role=consumer.role,
        access="read",
        description=f"{consumer.label}, for {', '.join(consumer.usage_contexts)}.",
        customProperties=_properties(
            consumer=consumer.consumer,
            owner=consumer.owner,
            criticality=consumer.criticality,
            usageContexts=list(consumer.usage_contexts),
            columnsWithheld=list(consumer.columns_withheld) or None,
            validUntil=consumer.valid_until,
        ),
    )


def _service_levels(
    served: ServedOutput,
    contract: Contract,
) -> list[ServiceLevelAgreementProperty]:
    lag = contract.schedule.availability_lag_hours
    every, unit = CADENCES[contract.schedule.cadence]
    levels: list[tuple[str, Any, str | None, str]] = [
        ("frequency", every, unit, f"A slot is due {contract.schedule.cadence}."),
        ("availabilityLag", lag, "h", "After the as-of, its data are complete."),
        (
            "deadline",
            contract.deadline_hours,
            "h",
            "After the as-of, its predictions are published.",
        ),
        (
            "latency",
            contract.freshness.max_age_hours,
            "h",
            "Beyond that age predictions are stale and must not be acted on.",
        ),
        (
            "target",
            contract.sla.target * 100,
            "percent",
            "Of the slots are published by the deadline.",
        ),
        (
            "noticePeriod",
            contract.notice_days,
            "d",
            "From the announcement of a version's end to its end.",
        ),
    ]
    if served.deprecated_on:
        levels.append(
            ("endOfLife", str(served.deprecated_on), None, "From then on the version may be gone.")
        )
    return [
        ServiceLevelAgreementProperty(
            id=name, property=name, value=value, unit=unit, description=description
        )
        for name, value, unit, description in levels
    ]


def _custom_properties(
    served: ServedOutput,
    contract: Contract,
    contexts: dict[str, str],
    outputs: list[ServedOutput],
) -> list[CustomProperty]:
    newer = replacements(served, outputs)
    population = contract.eligible_population
    return _properties(
        kind=served.kind,
        scoreType=contract.score_type,
        unit=contract.unit,
        validRange=contract.valid_range.model_dump(),
        labels=[label.model_dump(exclude_none=True) for label in contract.labels],
        horizonDays=contract.horizon_days,
        eligiblePopulation=sentences(population.description),
        eligibleCondition=population.condition,
        intendedUse=[
            {"context": context, "meaning": contexts[context]} for context in contract.intended_use
        ],
        notToBeUsedFor=sentences(contract.not_to_be_used_for),
        actionPolicy=contract.action_policy,
        conservativeDefault=contract.conservative_default.model_dump(),
        noticeDays=contract.notice_days,
        deprecatedOn=str(served.deprecated_on) if served.deprecated_on else None,
        replacedBy=newer[0].relation if newer else None,
        replaces=f"{served.output}_v{served.replaces.version}" if served.replaces else None,
        migration=served.replaces.migration if served.replaces else None,
    )


def _properties(**values: Any) -> list[CustomProperty]:
    return [
        CustomProperty(property=name, value=value)
        for name, value in values.items()
        if value is not None
    ]
