"""The model card agrees with contract and model.json."""

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from python_scoring.errors import InputError, PredictionError
from python_scoring.models.card import check_model_cards, render, write_model_card
from python_scoring.models.registry import Registry
from python_scoring.project import PROJECT
from tests.support.artifacts import demo_artifact
from tests.support.manifest import Manifest

MART = "model.customer_predictions.churn_predictions.v2"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A copy of the registry and its artifacts."""
    shutil.copytree(PROJECT / "seeds", tmp_path / "seeds")
    artifacts = Path("python_scoring") / "artifacts"
    shutil.copytree(PROJECT / artifacts, tmp_path / artifacts)
    return Registry(tmp_path)


def test_the_cards_of_all_pinned_versions_agree(manifest: Manifest) -> None:
    """What fails here is to be reviewed, and renewed with the command in the message."""
    assert len(check_model_cards(Registry(), manifest)) == len(Registry().pinned())


@pytest.mark.parametrize(
    "change",
    [
        lambda contract: contract.update(known_limitations="Knows nothing of returns."),
        lambda contract: contract["intended_use"].append("budget_allocation"),
        lambda contract: contract.update(not_to_be_used_for="Anything."),
        lambda contract: contract["sla"].update(owner="somebody-else"),
        lambda contract: contract["labels"][0].update(below=0.2),
    ],
    ids=["limits", "use", "not for", "owner", "labels"],
)
def test_a_changed_contract_fails_until_the_card_is_renewed(
    manifest: Manifest, registry: Registry, change: Callable[[dict[str, Any]], None]
) -> None:
    """For each version that is pinned, and with the way out."""
    changed = copy.deepcopy(manifest)
    change(changed["nodes"][MART]["config"]["meta"]["prediction"])
    with pytest.raises(PredictionError, match=r"line \d+ is .* model-card churn 1\.0\.3"):
        check_model_cards(registry, changed)
    write_model_card(registry, "churn", "1.0.3", changed)
    assert check_model_cards(registry, changed)


def test_a_pinned_challenger_needs_its_card(manifest: Manifest, registry: Registry) -> None:
    _, card, content = demo_artifact("clv")
    registry.add(content, replace(card, model_version="1.1.0"), datetime(2026, 11, 1))
    assert check_model_cards(registry, manifest)
    with (registry.project / "seeds" / "challenger_pins.csv").open("a") as pins:
        pins.write("clv,1.1.0,2026-09-01 00:00:00,,ana,to be compared\n")
    with pytest.raises(PredictionError, match=r"clv/1\.1\.0/MODEL_CARD\.md does not exist"):
        check_model_cards(registry, manifest)


def test_the_card_states_what_model_json_states(manifest: Manifest) -> None:
    """Data, features, metrics, and what a version has beyond them; the same bytes each time."""
    _, card, _ = demo_artifact("churn")
    text = render(card, manifest)
    assert text == render(card, manifest)
    assert f"| rows | {card.training_data['rows']:,} |" in text
    assert card.training_data["digest"] in text
    assert f"| auc | {card.metrics['auc']:.4f} |" in text
    assert all(f"| `{feature['name']}` | {feature['type']} |" in text for feature in card.features)
    foreign = replace(
        card,
        metrics={"not_evaluated": "registered without --evaluate-on", "reported": {"auc": 0.71}},
        training_data={},
        configuration={"source": {"uri": "models:/churn/3"}, "parameters": {"a": "x | y"}},
    )
    told = render(foreign, manifest)
    assert "Not evaluated: registered without --evaluate-on." in told
    assert "| auc | 0.7100 |" in told
    assert "| source: uri | models:/churn/3 |" in told
    assert "| parameter a | x &#124; y |" in told


def test_an_unknown_version_is_named(manifest: Manifest, registry: Registry) -> None:
    with pytest.raises(InputError, match=r"churn 9\.9\.9 is not a registered version"):
        write_model_card(registry, "churn", "9.9.9", manifest)
