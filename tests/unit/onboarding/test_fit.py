"""First models: what they are compared with, their versions, and refusals before any work."""

import shutil
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from python_scoring.cli.main import commands
from python_scoring.errors import ArgumentError, InputError
from python_scoring.models.registry import Registry
from python_scoring.onboarding import fit as module
from python_scoring.onboarding.data_check import DataCheck, ProductCheck
from python_scoring.onboarding.fit import FitResult, Fitted, fit, recency_alone, to_text
from python_scoring.project import PROJECT
from python_scoring.training.choice import Windows


def trained(score_type: str, days: list[float], outcomes: list[float]) -> Any:
    """A model that was judged on customers with these days since the last purchase."""
    card = SimpleNamespace(score_type=score_type, metrics={})
    rows = pd.DataFrame({"recency_days": days, "label": outcomes})
    return SimpleNamespace(card=card, judged=rows)


def test_recency_alone_ranks_churn_by_the_longest_absence() -> None:
    assert recency_alone(trained("probability", [1, 5, 30, 60], [0, 1, 0, 1])) == 0.75


def test_recency_alone_ranks_value_by_the_latest_purchase() -> None:
    assert recency_alone(trained("estimate", [1, 5, 30], [9, 4, 0])) == pytest.approx(1)


def test_segments_and_unjudged_models_are_not_compared() -> None:
    assert recency_alone(trained("segment", [1, 2], [0, 1])) is None
    assert recency_alone(SimpleNamespace(judged=None, card=None)) is None  # type: ignore[arg-type]


def test_the_next_version_is_higher_than_each_registered_one(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    shutil.copy(PROJECT / "seeds" / "model_registry.csv", tmp_path / "seeds")
    registry = Registry(tmp_path)
    assert registry.next_version("churn") == "1.1.0"
    assert registry.next_version("winback") == "1.0.0"


@pytest.fixture
def one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound data of the product churn; nothing else may be called."""
    churn = ProductCheck("churn", 90, None, None, None, "too short")
    found = DataCheck(Path("raw"), datetime(2026, 11, 23), [], [], [churn])
    monkeypatch.setattr(module, "check_data", lambda _: found)
    monkeypatch.setattr(module, "parsed_manifest", None)


@pytest.mark.usefixtures("one_product")
def test_a_mistyped_product_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"there is no product 'chrun'; did you mean churn\?"):
        fit(["chrun"], Path("raw"), Registry(), ("ana", "a reason"), print)


@pytest.mark.usefixtures("one_product")
def test_a_product_that_cannot_be_trained_says_why() -> None:
    found = fit([], Path("raw"), Registry(), ("ana", "a reason"), print)
    assert (found.fitted, found.failed) == ([], {"churn": "too short"})


def test_texts_that_the_seed_cannot_hold_are_refused_before_the_work() -> None:
    with pytest.raises(ArgumentError, match="--reason '=1'"):
        fit([], Path("raw"), Registry(), ("ana", "=1"), print)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--by", "ana", "--reason", "x"], "expected the names of PRODUCTS, or --all"),
        (["churn", "--all", "--by", "ana", "--reason", "x"], "expected the names of PRODUCTS"),
        (["--all", "--by", "ana"], "Missing option '--reason'"),
    ],
)
def test_wrong_usage_is_said_at_once(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(commands, ["fit", *arguments])
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("scored", "command"),
    [
        (datetime(2026, 11, 22), "then: dbt build"),
        (datetime(2011, 12, 9), "then: PREDICTION_AS_OF=2011-09-10 dbt build"),
    ],
)
def test_the_next_build_is_one_that_publishes(scored: datetime, command: str) -> None:
    """Of a history it is the first as-of that the models may score."""
    windows = Windows(datetime(2011, 1, 31), datetime(2011, 9, 10), scored)
    churn = ProductCheck("churn", 90, windows, None, None, None)
    card = SimpleNamespace(
        product="churn",
        model_version="1.1.0",
        training_as_ofs=["2011-06-12"],
        training_data={"rows": 100},
        metrics={"rows": 50, "as_of": "2011-09-10", "auc": 0.75, "coverage": None},
    )
    fitted = Fitted(card, datetime(2011, 9, 10), 0.8)  # type: ignore[arg-type]
    check = DataCheck(Path("raw"), datetime(2026, 11, 23), [], [], [churn])
    said = to_text(FitResult(check, [fitted], {"clv": "too short"}), Registry())
    assert said.endswith(command)
    assert "AUC 0.750 (recency alone 0.800: no better, look at it before you pin it)" in said
    assert "clv: not trained. too short" in said
