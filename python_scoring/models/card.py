"""Model card for people: MODEL_CARD.md next to model.skops.

The card is rendered from model.json, the product's contract and the feature catalogue only: the
same three give the same bytes. If one of them changes, `model-card --check` fails until the card is
renewed.
"""

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from python_scoring.contracts.served_outputs import project_variables
from python_scoring.contracts.validation import contract_of
from python_scoring.errors import InputError, PredictionError
from python_scoring.models.artifacts import CARD_FILE, ModelCard
from python_scoring.models.registry import Registry
from python_scoring.project import Manifest

MODEL_CARD_FILE = "MODEL_CARD.md"


def render(card: ModelCard, manifest: Manifest) -> str:
    """Render a card; raises InputError if the project has no contract for its product."""
    contract = contract_of(manifest, card.product)
    variables = project_variables()
    environment = Environment(
        loader=PackageLoader("python_scoring.models.card", "."),
        autoescape=False,  # noqa: S701 - it makes Markdown of the project's own words
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"line": _line, "figures": _figures, "records": _records}
    return environment.get_template("card_template.md").render(
        card=_plain(asdict(card)),
        contract=contract,
        uses={use: variables["usage_contexts"][use] for use in contract.intended_use},
        policy=variables["action_policies"][contract.action_policy],
        meanings=_meanings(manifest),
    )


def write_model_card(
    registry: Registry,
    product: str,
    model_version: str,
    manifest: Manifest,
    out: Path | None = None,
) -> Path:
    """Write the card of a registered version, by default next to the model; returns the file."""
    file = out or registry.artifact_folder(product, model_version) / MODEL_CARD_FILE
    text = render(_registered(registry, product, model_version), manifest)
    try:
        file.write_text(text)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error
    return file


def check_model_cards(registry: Registry, manifest: Manifest) -> list[Path]:
    """Return the cards of all pinned versions, challengers included, if each is current.

    Raises PredictionError with every card that is not, and how to renew it.
    """
    files, problems = [], []
    for product, model_version in registry.pinned():
        file = registry.artifact_folder(product, model_version) / MODEL_CARD_FILE
        expected = render(_registered(registry, product, model_version), manifest)
        found = file.read_text() if file.is_file() else ""
        if found == expected:
            files.append(file)
            continue
        problems.append(
            f"{file} {_difference(found, expected)} Review what changed, and renew it: "
            f"customer-predictions model-card {product} {model_version}"
        )
    if problems:
        raise PredictionError("\n".join(problems))
    return files


def _registered(registry: Registry, product: str, model_version: str) -> ModelCard:
    file = registry.artifact_folder(product, model_version) / CARD_FILE
    if not file.is_file():
        raise InputError(
            f"{file} does not exist: {product} {model_version} is not a registered version; "
            "seeds/model_registry.csv lists them"
        )
    return ModelCard.from_json(file.read_text(), file)


def _difference(found: str, expected: str) -> str:
    if not found:
        return "does not exist."
    for number, (is_now, should) in enumerate(
        itertools.zip_longest(found.splitlines(), expected.splitlines(), fillvalue=""), 1
    ):
        if is_now != should:
            return (
                "is not what contract and model.json say: "
                f"line {number} is {is_now!r}, expected {should!r}."
            )
    return "differs in its last line."


def _meanings(manifest: Manifest) -> dict[str, str]:
    columns = manifest["nodes"]["model.customer_predictions.feature_snapshots"]["columns"]
    return {name: column["description"] for name, column in columns.items()}


# Characters of Markdown and HTML markup; a card contains texts of whoever trained the model.
_MARKUP = {ord(each): f"&#{ord(each)};" for each in "&<>[]`|"}


def _plain(found: Any) -> Any:
    """Return the value with every text, keys included, as plain text on one line."""
    if isinstance(found, dict):
        return {_plain(name): _plain(value) for name, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_plain(value) for value in found]
    return " ".join(found.split()).translate(_MARKUP) if isinstance(found, str) else found


def _line(text: Any) -> str:
    """Return a text on one line that fits in a table cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _figures(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the scalar figures of a mapping, sorted by name."""
    return [
        (name.replace("_", " "), _figure(value))
        for name, value in sorted(found.items())
        if not isinstance(value, (list, dict))
    ]


def _records(found: Any) -> list[dict[str, str]]:
    """Return the rows of a list of mappings, for a table."""
    if not isinstance(found, list):
        return []
    return [
        {name: _figure(value) for name, value in row.items()}
        for row in found
        if isinstance(row, dict)
    ]


def _figure(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]  # noqa: RUF001 - a dash, as tables have it
    if isinstance(value, float):
        return f"{value:,.4f}"
    return f"{value:,}" if isinstance(value, int) else _line(value)
