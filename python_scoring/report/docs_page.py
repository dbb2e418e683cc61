"""Static dbt docs, with contracts and consumers written out.

dbt's page prints `config.meta` as one line of JSON. Here the contract of a mart, the access of a
consumer and the products of the overview are written as tables from the same YAML, into the
descriptions of the page. The manifest in the target folder stays as dbt wrote it.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from python_scoring.contracts.contract import Contract, Explanations
from python_scoring.contracts.served_outputs import (
    ServedOutput,
    project_variables,
    replacements,
    served_outputs,
)
from python_scoring.contracts.validation import project_contracts, validate
from python_scoring.errors import InputError
from python_scoring.project import Manifest

PRODUCTS = "<!-- products -->"
CONSUMERS = "<!-- consumers -->"

UNBROKEN_HYPHEN = "&#8209;"

# Keys that the page would print as one line of JSON.
IN_WORDS = ("prediction", "replaces", "elementary", "access", "referenced_columns")


def write_docs(target: Path) -> Path:
    """Write `static_index.html` from the output of `dbt docs generate` in the target folder.

    Raises InputError if that output is missing.
    """
    page = target / "static_index.html"
    try:
        html = (target / "index.html").read_text()
        manifest = json.loads((target / "manifest.json").read_text())
        catalog = json.loads((target / "catalog.json").read_text())
    except FileNotFoundError as error:
        raise InputError(
            f"{error.filename} does not exist: run `dbt docs generate` first, or `make docs`"
        ) from None
    put_into_words(manifest)
    for name, content in (("MANIFEST", manifest), ("CATALOG", catalog)):
        # Escape what would end the script element.
        text = json.dumps(content).replace("</", "<\\/")
        html = html.replace(f'"{name}.JSON INLINE DATA"', text)
    page.write_text(html)
    return page


def put_into_words(manifest: Manifest) -> None:
    """Extend the descriptions of marts, consumers and the overview; changes the manifest."""
    served = served_outputs(manifest)
    overview = manifest["docs"]["doc.customer_predictions.__overview__"]
    overview["block_contents"] = (
        overview["block_contents"]
        .replace(PRODUCTS, products_table(manifest))
        .replace(CONSUMERS, consumers_table(manifest))
    )
    by_relation = {found.relation: found for found in served}
    for node in manifest["nodes"].values():
        found = by_relation.get(node.get("alias", ""))
        if found and node["resource_type"] == "model":
            node["description"] += "\n\n" + contract_in_words(manifest, found)
    for exposure in manifest["exposures"].values():
        exposure["description"] += "\n\n" + access_in_words(manifest, exposure["name"])
    for resource in [*manifest["nodes"].values(), *manifest["exposures"].values()]:
        for meta in (resource.get("meta") or {}, resource["config"].get("meta") or {}):
            for key in IN_WORDS:
                meta.pop(key, None)


def products_table(manifest: Manifest) -> str:
    """Table of the products: what to read, due when."""
    latest = {
        found.product: found
        for found in served_outputs(manifest)
        if found.kind == "current" and found.deprecated_on is None
    }
    rows = []
    for product, contract in sorted(project_contracts(manifest).items()):
        if product not in latest:
            continue
        rows.append(
            (
                _link(latest[product]),
                contract.meaning,
                _labels(contract),
                f"{contract.schedule.cadence}, by {_deadline(contract)}",
                _days(contract.freshness.max_age_hours),
            )
        )
    return in_a_table(("read", "what a score says", "in words", "due", "stale after"), rows)


def consumers_table(manifest: Manifest) -> str:
    """Table of the consumers: what they read, for what."""
    rows = []
    project = validate(manifest).require_valid()
    for exposure in sorted(manifest["exposures"].values(), key=lambda one: str(one["label"])):
        readable = [
            (found, entitlement)
            for found in served_outputs(manifest)
            for entitlement in project.readers(found)
            if entitlement.consumer == exposure["name"]
        ]
        contexts = {context for _, one in readable for context in one.usage_contexts}
        rows.append(
            (
                f"[{exposure['label'] or exposure['name']}](#!/exposure/{exposure['unique_id']})",
                exposure["owner"].get("name") or exposure["owner"]["email"],
                ", ".join(_link(found) for found, _ in readable),
                ", ".join(f"`{context}`" for context in sorted(contexts)),
            )
        )
    return in_a_table(("consumer", "owner", "reads", "for"), rows)


def contract_in_words(manifest: Manifest, served: ServedOutput) -> str:
    """Table of a served version's contract."""
    variables = project_variables()
    project = validate(manifest).require_valid()
    contract = project.contracts[served.product].contract
    contexts = variables["usage_contexts"]
    uses = [f"`{context}`: {contexts[context]}" for context in contract.intended_use]
    default, valid = contract.conservative_default, contract.valid_range
    readers = project.readers(served)
    rows = [
        ("Score", contract.meaning),
        ("Range", f"{valid.minimum:,} to {valid.maximum:,}: {contract.unit}"),
        ("Label", _labels(contract)),
        ("Speaks of", contract.eligible_population.description),
        ("Use it for", " ".join(uses)),
        ("Never for", contract.not_to_be_used_for),
        ("Know that", contract.known_limitations),
        ("Bounds", contract.uncertainty.meaning),
        ("Due", f"{contract.schedule.cadence}, by {_deadline(contract)}"),
        ("Stale after", _days(contract.freshness.max_age_hours)),
        (
            "Without a prediction",
            _sentence(variables["action_policies"][contract.action_policy]),
        ),
        ("Conservative default", f"{default.score}: {default.reason}"),
        ("Reasons", _reasons(contract.explanations)),
        ("Ask", contract.sla.owner),
        ("Version", _version(served, manifest)),
        ("Read by", ", ".join(f"{one.label} ({one.owner})" for one in readers) or "nobody yet"),
    ]
    return in_a_table(("contract", ""), rows)


def _reasons(explanations: Explanations) -> str:
    """Number of reasons of a score, and scores of non-additive models that have any."""
    told = f"up to {explanations.reasons} for each score"
    shap = explanations.shap
    if shap is None:
        return told
    which = (
        f"from {shap.score_at_least} on"
        if shap.top_share is None
        else f"the top {shap.top_share:.0%}"
    )
    return f"{told}; of a model that only SHAP values explain, {which}"


def access_in_words(manifest: Manifest, consumer: str) -> str:
    """Table of the access of a consumer."""
    project = validate(manifest).require_valid()
    rows = [
        (
            _link(found),
            ", ".join(f"`{context}`" for context in entitlement.usage_contexts),
            ", ".join(f"`{column}`" for column in entitlement.columns_withheld) or "none",
            (entitlement.valid_until or "no end").replace("-", UNBROKEN_HYPHEN),
        )
        for found in served_outputs(manifest)
        for entitlement in project.readers(found)
        if entitlement.consumer == consumer
    ]
    return in_a_table(("may read", "for", "without the columns", "until"), rows)


def _version(served: ServedOutput, manifest: Manifest) -> str:
    said = [served.output_schema_version]
    if served.replaces:
        said.append(f"it replaces version {served.replaces.version}: {served.replaces.migration}")
    if served.deprecated_on:
        said.append(f"**from {served.deprecated_on} on it may be gone**")
    said += [
        f"read {_link(other)} instead: {other.replaces.migration}"
        for other in replacements(served, served_outputs(manifest))
        if other.replaces
    ]
    return "; ".join(said)


def _labels(contract: Contract) -> str:
    return ", ".join(
        f"`{label.name}`" + (f" below {label.below:,}" if label.below is not None else "")
        for label in contract.labels
    )


def _deadline(contract: Contract) -> str:
    hours = contract.deadline_hours
    return f"{hours:02d}:00 UTC" if hours < 24 else f"{hours} hours after the as-of"  # noqa: PLR2004


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _days(hours: float) -> str:
    return f"{hours / 24:g} days"


def _link(served: ServedOutput) -> str:
    unique_id = f"model.customer_predictions.{served.output}.v{served.version}"
    return f"[{served.relation}](#!/model/{unique_id})"


def in_a_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of Markdown; a cell may hold any text."""
    cells = [list(header), *(list(row) for row in rows)]
    lines = ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]])


def _cell(text: str) -> str:
    """Return a text as one line, in which a bar does not end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
