"""Validation of a parsed project: variables, contracts and exposures, all findings at once.

The dbt plugin validates before a build does anything, the linter step through `customer-predictions
contracts --lint`. Macros and Python read the same validated objects.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from python_scoring.contracts.access import (
    Consumer,
    Entitlement,
    ExposureMeta,
    entitlements_of,
    owner_of,
)
from python_scoring.contracts.contract import LIMITS, Contract, Rule, with_defaults
from python_scoring.contracts.served_outputs import ServedOutput, project_variables, served_outputs
from python_scoring.contracts.shape import shape_findings
from python_scoring.contracts.variables import variable_findings
from python_scoring.errors import InputError
from python_scoring.project import Manifest, Node


@dataclass(frozen=True)
class Limit:
    """Limit of a check, for one scope or for all (`*`); null if it does not apply."""

    check_name: str
    scope: str
    applies: bool
    direction: str
    warn_limit: float | None
    block_limit: float | None
    reason: str
    source: str


@dataclass(frozen=True)
class ProductContract:
    """Valid contract of a product, with the mart that declares it."""

    contract: Contract
    declared: Mapping[str, Any]
    file: str
    output: str
    version: int
    description: str

    def limits(self) -> list[Limit]:
        """Return the limits of all checks: the contract's own, else the defaults."""
        own = self.declared["checks"]
        return [
            limit
            for name, rule in sorted(self.contract.checks.items())
            for limit in limits_of(name, rule, "contract" if name in own else "default")
        ]

    def recorded(self) -> dict[str, Any]:
        """Return the contract as each run keeps it in `contract_json`."""
        explanations = self.contract.explanations.model_dump(exclude_none=True)
        return {
            **self.declared,
            "output": self.output,
            "version": self.version,
            "description": self.description,
            "explanations": explanations,
        }

    def as_read_by_macros(self) -> dict[str, Any]:
        """Return the contract as `contract_of` returns it: nested dictionaries of plain values."""
        settings = {name: each.value for name, each in self.contract.check_settings.items()}
        return {
            **self.contract.model_dump(exclude_none=True, exclude={"check_settings"}),
            "check_settings": {name: {"value": value} for name, value in settings.items()},
            "anchor_days": self.contract.schedule.anchor_days,
            "deadline_hours": self.contract.deadline_hours,
            "limits": [vars(limit) for limit in self.limits()],
            "output": self.output,
            "version": self.version,
            "recorded": self.recorded(),
        }


@dataclass
class ValidatedProject:
    """Valid contracts, consumers and entitlements of a project, and the findings on the rest."""

    contracts: dict[str, ProductContract] = field(default_factory=dict)
    consumers: list[Consumer] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def readers(self, served: ServedOutput) -> list[Entitlement]:
        """Return the entitlements to a served version, sorted by consumer."""
        return [
            each
            for each in self.entitlements
            if (each.output, each.version) == (served.output, served.version)
        ]

    def require_valid(self) -> "ValidatedProject":
        """Return the project itself; raises InputError, with every finding, if there are any."""
        if self.findings:
            heading = (
                "contracts, exposures or variables are not valid; correct them, and run it again:"
            )
            raise InputError("\n  - ".join([heading, *self.findings]))
        return self

    def as_json(self) -> str:
        """Return `contracts` by product, `consumers` and `entitlements` as JSON for macros."""
        contracts = {
            product: found.as_read_by_macros() for product, found in sorted(self.contracts.items())
        }
        consumers = {
            each.name: {"owner": each.owner, "criticality": each.meta.criticality}
            for each in self.consumers
        }
        entitlements = [vars(each) for each in self.entitlements]
        return json.dumps(
            {"contracts": contracts, "consumers": consumers, "entitlements": entitlements},
            default=str,
        )


def limits_of(name: str, rule: Rule, source: str) -> Iterator[Limit]:
    """Yield the limits of a check, first for all scopes and then for single ones."""
    for scope, each in (("*", rule), *rule.scopes.items()):
        values = {limit: getattr(each, limit) for limit in LIMITS}
        is_upper = values["warn_above"] is not None or values["block_above"] is not None
        side = "above" if is_upper else "below"
        yield Limit(
            check_name=name,
            scope=scope,
            applies=each.applies,
            direction="at most" if is_upper else "at least",
            warn_limit=values[f"warn_{side}"],
            block_limit=values[f"block_{side}"],
            reason=(each.reason or "").strip(),
            source=source,
        )


def validate(
    manifest: Manifest,
    variables: Mapping[str, Any] | None = None,
    on_command_line: Collection[str] = (),
) -> ValidatedProject:
    """Validate every variable, contract and exposure of a parsed project.

    Parameters
    ----------
    manifest
        dbt's manifest, or its graph; `nodes` and `exposures` are read.
    variables
        The vars of the project, those of the command line included; by default dbt_project.yml's.
    on_command_line
        Names of vars that come from `--vars`.

    """
    variables = project_variables() if variables is None else variables
    project = ValidatedProject()
    project.findings += variable_findings(variables, on_command_line)
    if project.findings:
        return project
    for node in sorted(contract_nodes(manifest), key=lambda node: node["alias"]):
        _add_contract(project, node, variables)
    project.findings += _lags_that_differ(project)
    outputs = _outputs(project, manifest)
    for exposure in sorted(manifest["exposures"].values(), key=lambda each: each["name"]):
        _add_consumer(project, exposure, manifest, outputs)
    products = {each.output: each.product for each in outputs}
    if not project.findings:
        project.entitlements = [
            each for one in project.consumers for each in entitlements_of(one, products)
        ]
    return project


def project_contracts(manifest: Manifest) -> dict[str, Contract]:
    """Return the contract of each product; raises InputError, with every finding, if any."""
    found = validate(manifest).require_valid().contracts
    return {product: each.contract for product, each in found.items()}


def contract_of(manifest: Manifest, product: str) -> Contract:
    """Return the contract of a product; raises InputError if it is missing or any is invalid."""
    contracts = project_contracts(manifest)
    if product not in contracts:
        raise InputError(
            f"the project has no contract for {product}; expected one of "
            f"{', '.join(contracts) or 'none yet'}, or a config.meta.prediction of its mart in "
            f"models/products/{product}/_{product}__models.yml"
        )
    return contracts[product]


def contract_nodes(manifest: Manifest) -> list[Node]:
    """Return the latest version of each mart that declares a contract."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["meta"].get("prediction")
        and str(node["version"]) == str(node["latest_version"])
    ]


def contract_findings(
    declared: Mapping[str, Any], variables: Mapping[str, Any], file: str
) -> list[str]:
    """Return everything that is wrong with a contract of the YAML, a sentence each.

    A sentence names file, product and key, what was found and what was expected.
    """
    product = declared.get("product") or "without a name"
    place = f"{file}: product {product}: config.meta.prediction"
    shape = shape_findings(Contract, with_defaults(declared, variables))
    return [f"{place}{found}" for found in (*shape, *_unknown_names(declared, variables))]


def _add_contract(project: ValidatedProject, node: Node, variables: Mapping[str, Any]) -> None:
    declared = node["config"]["meta"]["prediction"]
    file = (node["patch_path"] or node["original_file_path"]).split("://")[-1]
    if findings := contract_findings(declared, variables, file):
        project.findings += findings
        return
    product = declared["product"]
    if product in project.contracts:
        project.findings.append(
            f"{file}: product {product}: config.meta.prediction.product is also that of "
            f"{project.contracts[product].output} in {project.contracts[product].file}; expected "
            "one contract for each product"
        )
        return
    project.contracts[product] = ProductContract(
        contract=Contract.model_validate(with_defaults(declared, variables)),
        declared=declared,
        file=file,
        output=node["alias"],
        version=node["version"],
        description=node["description"],
    )


def _outputs(project: ValidatedProject, manifest: Manifest) -> list[ServedOutput]:
    try:
        return served_outputs(manifest)
    except InputError as error:
        project.findings.append(str(error))
        return []


def _unknown_names(declared: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[str]:
    """Names that are not keys of the vars in dbt_project.yml."""
    contexts = variables["usage_contexts"]
    for context in _names(declared.get("intended_use")):
        if context not in contexts:
            yield (
                f".intended_use names {context}; expected {', '.join(contexts)}, or a new one "
                "under usage_contexts in dbt_project.yml"
            )
    policy = declared.get("action_policy")
    if policy and policy not in variables["action_policies"]:
        expected = ", ".join(variables["action_policies"])
        yield f".action_policy is {policy}; expected one of {expected}"
    for key, kind in (("checks", "a check"), ("check_settings", "a setting of the checks")):
        known = sorted(variables[f"default_{key}"])
        for name in _names(declared.get(key)):
            if name not in known:
                yield f".{key}.{name} is not {kind}; expected one of {', '.join(known)}"


def _names(found: Any) -> list[Any]:
    """Return the entries of a list or the keys of a dictionary; empty for other values."""
    return list(found) if isinstance(found, list | tuple | Mapping) else []


def _lags_that_differ(project: ValidatedProject) -> Iterator[str]:
    """Products share feature snapshots, so their data are complete at the same hour."""
    lags = {
        product: found.contract.schedule.availability_lag_hours
        for product, found in project.contracts.items()
    }
    usual = next((lag for lag, _ in Counter(lags.values()).most_common(1)), None)
    for product, lag in lags.items():
        if lag != usual:
            others = ", ".join(name for name in lags if lags[name] == usual)
            yield (
                f"{project.contracts[product].file}: product {product}: "
                f"config.meta.prediction.schedule.availability_lag_hours is {lag}, and {usual} for "
                f"{others}: products share feature snapshots, so give all contracts the same lag"
            )


def _add_consumer(
    project: ValidatedProject,
    exposure: Mapping[str, Any],
    manifest: Manifest,
    outputs: list[ServedOutput],
) -> None:
    place = f"{exposure['original_file_path']}: exposure {exposure['name']}"
    findings = list(_exposure_findings(exposure, manifest))
    meta = exposure["config"]["meta"]
    findings += [f": config.meta{found}" for found in shape_findings(ExposureMeta, meta)]
    if not findings:
        found = ExposureMeta.model_validate(meta)
        findings += _access_findings(project, found, exposure, outputs)
    project.findings += [place + finding for finding in findings]
    if not findings:
        project.consumers.append(
            Consumer(
                name=exposure["name"],
                label=exposure["label"] or exposure["name"],
                owner=str(owner_of(exposure)),
                maturity=str(getattr(exposure["maturity"], "value", exposure["maturity"])),
                meta=found,
            )
        )


def _exposure_findings(exposure: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    if not owner_of(exposure):
        yield " has no owner; expected owner.name, the team that answers for it"
    if not exposure["maturity"]:
        yield " has no maturity; expected low, medium or high: how settled it is"
    for unique_id in exposure["depends_on"]["nodes"]:
        node = manifest["nodes"].get(unique_id)
        if node is None or node.get("version") is None or node["config"]["access"] != "public":
            yield (
                f" depends on {unique_id.split('.')[2]}, which is not a public, versioned output; "
                "expected marts, with the version named: ref('churn_predictions', v=1)"
            )


def _access_findings(
    project: ValidatedProject,
    meta: ExposureMeta,
    exposure: Mapping[str, Any],
    outputs: list[ServedOutput],
) -> Iterator[str]:
    """Requests of a consumer that the project does not offer."""
    by_version = {(each.output, each.version): each for each in outputs}
    served = ", ".join(each.relation for each in outputs) or "none"
    for place, wanted in enumerate(meta.access.outputs if meta.access else []):
        key = f": config.meta.access.outputs.{place}"
        for version in wanted.versions:
            offered = by_version.get((wanted.output, version))
            if offered is None:
                yield (
                    f"{key}: {wanted.output} version {version} is not served; expected one of "
                    f"{served}"
                )
                continue
            if offered.unique_id not in exposure["depends_on"]["nodes"]:
                yield (
                    f"{key}.output: {wanted.output} version {version} is not among what it depends "
                    f"on; add ref('{wanted.output}', v={version}) to depends_on"
                )
            names = {column.name for column in offered.columns} - {"customer_id"}
            for column in wanted.columns_withheld:
                if column not in names:
                    yield (
                        f"{key}.columns_withheld names {column}, which is the key or no column of "
                        f"{offered.relation}; expected some of {', '.join(sorted(names))}"
                    )
            contract = project.contracts.get(offered.product)
            intended = contract.contract.intended_use if contract else wanted.usage_contexts
            for context in wanted.usage_contexts:
                if context not in intended:
                    yield (
                        f"{key}.usage_contexts names {context}, which the contract of "
                        f"{offered.product} does not intend; expected {', '.join(intended)}"
                    )
