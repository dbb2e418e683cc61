"""Segments by rules: the names are true of each customer, whatever the values are."""

from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from python_scoring.errors import ArtifactError, TrainingError
from python_scoring.explanations.segments import RuleSegments
from python_scoring.models import segment_rules
from python_scoring.models.segment_rules import Comparison, Rule
from python_scoring.project import PROJECT
from python_scoring.training import estimators
from python_scoring.training.claims import judged_claims, refuse_contradicted
from tests.support.contracts import contract

FILE = PROJECT / "models" / "products" / "segmentation" / "_segmentation__models.yml"
MODELS = {model["name"]: model for model in yaml.safe_load(FILE.read_text())["models"]}
CONTRACT = contract("segmentation")
RECIPE = MODELS["training_segmentation"]["config"]["meta"]["training"]
FEATURES = RECIPE["features"]

# The definitions of the contract as anybody would write them in SQL; :usual and :top are learned.
IN_SQL = """
case
    when days_since_first_order <= 30 then 'new'
    when recency_days > 365
        or recency_days / greatest($usual, mean_days_between_orders) > 8 then 'dormant'
    when order_day_count <= 1 then 'one_time'
    when recency_days / greatest($usual, mean_days_between_orders) > 3 then 'at_risk'
    when revenue_365d >= $top then 'champions'
    else 'loyal'
end
"""


def shop(seed: int, customers: int = 2_000) -> pd.DataFrame:
    """Customers of every kind, as a feature snapshot has them."""
    chance = np.random.default_rng(seed)
    first = chance.integers(1, 900, customers)
    days = chance.geometric(0.3, customers)
    recency = np.where(days > 1, (first * chance.random(customers)).astype(int), first)
    return pd.DataFrame(
        {
            "days_since_first_order": first.astype(float),
            "recency_days": recency.astype(float),
            "mean_days_between_orders": np.where(
                days > 1, np.round((first - recency) / np.maximum(days - 1, 1), 2), np.nan
            ),
            "order_day_count": days.astype(float),
            "revenue_365d": np.round(chance.lognormal(4, 1.5, customers) - 20, 2),
        }
    )


def trained(learned: pd.DataFrame) -> Any:
    """The rules of the contract, with limits of a shop."""
    recipe: Any = {**RECIPE, "features": [{"name": name, "type": "number"} for name in FEATURES]}
    return estimators.fit(recipe, learned, CONTRACT)


def test_every_name_is_what_its_definition_says_in_sql() -> None:
    """The contract's definitions, read as SQL, give each customer the same segment."""
    rules, customers = trained(shop(1)), shop(2)
    names = [rule.name for rule in segment_rules.rules_of(rules)]
    found = [names[place] for place in segment_rules.assign(rules, customers).nearest]
    with duckdb.connect() as connection:
        connection.register("customers", customers.replace({np.nan: None}))
        expected = connection.execute(
            f"select {IN_SQL} from customers",
            {"usual": rules["limits"]["usual_interval"], "top": rules["limits"]["top_value"]},
        ).fetchall()
    assert found == [name for (name,) in expected]
    assert set(found) == {label.name for label in CONTRACT.labels}


def test_limits_are_values_of_the_shop() -> None:
    """Both are quantiles that occur among the customers whom they are asked of."""
    learned = shop(1)
    limits = trained(learned)["limits"]
    assert limits["usual_interval"] in set(learned["mean_days_between_orders"])
    assert limits["top_value"] in set(learned["revenue_365d"])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(FEATURES), st.floats(0.5, 2))
def test_a_clear_assignment_survives_a_small_change(seed: int, name: str, factor: float) -> None:
    """A change of a feature by less than the clearness never changes the segment."""
    customers, rules = shop(seed, 200), trained(shop(1))
    before = segment_rules.assign(rules, customers)
    assert ((before.clearness >= 0) & (before.clearness <= 1)).all()
    moved = customers.assign(**{name: customers[name] * factor})
    change = 1 - min(factor, 1 / factor)
    clear = before.clearness > change + 1e-9
    after = segment_rules.assign(rules, moved)
    assert (after.nearest == before.nearest)[clear].all()


def test_a_row_is_assigned_as_it_is_in_any_batch() -> None:
    """Segments, clearness and contributions depend on the row alone."""
    rules, customers = trained(shop(1)), shop(3, 50)
    together = segment_rules.assign(rules, customers)
    explainer = RuleSegments(FEATURES, rules)
    contributions = explainer.contributions(customers)
    for place in range(len(customers)):
        row = customers.iloc[place : place + 1]
        alone = segment_rules.assign(rules, row)
        assert alone.nearest[0] == together.nearest[place]
        assert alone.clearness[0] == together.clearness[place]
        assert (explainer.contributions(row)[0] == contributions[place]).all()
    assert (contributions >= 0).all()
    # What decides is told: a segment always has a reason.
    assert (contributions.max(axis=1) > 0).all()


def test_a_shop_without_a_second_purchase_is_refused() -> None:
    """Nobody's rhythm is known there."""
    learned = shop(1).assign(mean_days_between_orders=np.nan)
    with pytest.raises(TrainingError, match="no customer has bought on two days"):
        trained(learned)


@pytest.mark.parametrize("text", ["recency_days", "recency_days == 3", "1 > 2", "a > b > c"])
def test_a_definition_that_is_no_comparison_is_refused(text: str) -> None:
    """The message shows one."""
    with pytest.raises(ValueError, match="expected a comparison such as recency_days > 365"):
        Comparison.of(text)


def test_rules_of_a_file_are_checked() -> None:
    """A limit that was not learned, or a last segment with a definition, is no set of rules."""
    named = Rule("gone", (Comparison.of("silence > patience"),))
    for rules in ([named, Rule("rest", ())], [named]):
        made = segment_rules.estimator_of(rules, {"usual_interval": 30}, FEATURES)
        with pytest.raises(ArtifactError, match="the rules of the segments"):
            segment_rules.rules_of(made)


def test_training_refuses_names_that_outcomes_contradict() -> None:
    """At-risk customers who buy more than loyal ones are not at risk; too few say nothing."""
    labels: Any = ["loyal"] * 200 + ["at_risk"] * 200 + ["dormant"] * 50
    outcomes = np.r_[np.tile([0.0, 10.0], 100), np.full(200, 10.0), np.full(50, 10.0)]
    found = judged_claims(CONTRACT, labels, outcomes)
    turned = {(claim["segment"], claim["above"]): claim["turned"] for claim in found}
    assert (turned["loyal", "at_risk"] or 0) > 10
    assert turned["at_risk", "dormant"] is None
    with pytest.raises(TrainingError, match="at_risk had more purchases"):
        refuse_contradicted("segmentation", datetime(2026, 3, 1), found)
    refuse_contradicted(
        "segmentation", datetime(2026, 3, 1), judged_claims(CONTRACT, labels, 10 - outcomes)
    )
