"""Reference estimators, built from the recipe in a product's YAML."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.models.card_parts import SegmentRules
from python_scoring.models.segment_rules import (
    OF_SILENCE,
    TOP_VALUE,
    USUAL_INTERVAL,
    Comparison,
    Rule,
    estimator_of,
    is_rules,
    rules_of,
)
from python_scoring.models.segment_rules import assign as assign_by_rules
from python_scoring.models.segments import assign_to_centres
from python_scoring.training.data import Recipe

# Fixed, so that two trainings on the same data give the same model.
SEED = 20250101

RULES = "segment_rules"
VALUE = "revenue_365d"  # what `top_value` is a quantile of


def fit(recipe: Recipe, learned: pd.DataFrame, contract: ScoringContract) -> Any:
    """Return the estimator of the recipe, fitted on `learned`: features and `label` per customer.

    Raises TrainingError for an estimator that is not a reference model, and if no customer is left
    to learn a limit of segment rules from.
    """
    if recipe["estimator"] == RULES:
        return segment_rules(recipe, learned, contract)
    estimator = build(recipe)
    inputs = learned[[feature["name"] for feature in recipe["features"]]]
    estimator.fit(inputs, None if contract.score_type == "segment" else learned["label"])
    return estimator


def build(recipe: Recipe) -> Any:
    """Return the unfitted estimator of the recipe.

    Raises TrainingError for an estimator that is not a reference model. Other models are trained
    elsewhere and registered with `register`.
    """
    settings = dict(recipe.get("settings", {}))
    kind = recipe["estimator"]
    if kind == "additive_boosted_trees_classifier":
        return HistGradientBoostingClassifier(**_boosting(settings, recipe))
    if kind == "additive_boosted_trees_regressor":
        return HistGradientBoostingRegressor(**_boosting(settings, recipe))
    if kind == "k_means_on_quantiles":
        return Pipeline(
            [
                ("impute", SimpleImputer(strategy="median")),
                ("quantiles", QuantileTransformer(n_quantiles=200, random_state=SEED)),
                ("clusters", KMeans(n_init=10, random_state=SEED, **settings)),
            ]
        )
    raise TrainingError(
        f"the recipe's estimator {kind} is none of additive_boosted_trees_classifier, "
        "additive_boosted_trees_regressor, k_means_on_quantiles, segment_rules; "
        "register a model trained elsewhere instead"
    )


def _boosting(settings: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Settings of boosted trees. Without interactions a score is a sum over features."""
    directions = recipe.get("monotonic", {})
    return {
        "interaction_cst": "no_interactions",
        "early_stopping": False,
        "random_state": SEED,
        "monotonic_cst": [directions.get(feature["name"], 0) for feature in recipe["features"]],
        **settings,
    }


def segment_rules(recipe: Recipe, learned: pd.DataFrame, contract: ScoringContract) -> Any:
    """Return the contract's definitions of segments, with limits learned from `learned`.

    `usual_interval` is a quantile of the mean days between purchases, over customers with several
    purchase days. `top_value` is a quantile of the year's revenue, over the customers of the last
    segment.
    """
    settings = recipe["settings"]
    features = [feature["name"] for feature in recipe["features"]]
    rules = [
        Rule(label.name, tuple(map(Comparison.of, label.definition or [])))
        for label in contract.labels
    ]
    intervals = learned[OF_SILENCE[1]].dropna()
    if intervals.empty:
        raise TrainingError(
            "no customer has bought on two days, so the shop's usual interval between purchases is "
            "not known: choose later as-ofs with --as-of"
        )
    limits = {USUAL_INTERVAL: _quantile(intervals, settings["usual_interval_quantile"])}
    if any(each.limit == TOP_VALUE for rule in rules for each in rule.definition):
        # No value exceeds infinity, so customers of segments by value are in the last one.
        draft = estimator_of(rules, {**limits, TOP_VALUE: np.inf}, features)
        rest = assign_by_rules(draft, learned[features]).nearest == len(rules) - 1
        if not rest.any():
            raise TrainingError(
                f"no customer is {rules[-1].name} at these as-ofs, so the value of the best of "
                "them is not known: choose other as-ofs with --as-of"
            )
        limits[TOP_VALUE] = _quantile(learned.loc[rest, VALUE], settings["top_value_quantile"])
    return estimator_of(rules, limits, features)


def _quantile(values: "pd.Series[Any]", share: float) -> float:
    """Quantile that occurs among the values, so that interpolation cannot change its last bits."""
    return float(np.quantile(values.to_numpy(dtype=np.float64), share, method="inverted_cdf"))


def segments_of(estimator: Any) -> SegmentRules:
    """Return learned limits and definitions of segment rules for the card; empty for others."""
    if not is_rules(estimator):
        return {}
    return {
        "limits": dict(estimator["limits"]),
        "definitions": [
            {
                "segment": rule.name,
                "definition": " or ".join(
                    f"{each.term} {each.op} {each.limit}" for each in rule.definition
                )
                or "all others",
            }
            for rule in rules_of(estimator)
        ],
    }


def segment_names(estimator: Any, learned: pd.DataFrame, contract: ScoringContract) -> list[str]:
    """Return the contract's labels in the order of the clusters; empty for other score types.

    The first label of the contract is the most valuable behaviour. Clusters are ranked by the mean
    quantile of their customers over the features; recency counts inversely.
    """
    if contract.score_type != "segment":
        return []
    if is_rules(estimator):
        return [rule.name for rule in rules_of(estimator)]
    names = [label.name for label in contract.labels]
    features = [str(name) for name in estimator.feature_names_in_]
    assignment = assign_to_centres(estimator, learned[features])
    quantiles = pd.DataFrame(assignment.points.T, columns=features)
    for name in features:
        if name.startswith("recency"):
            quantiles[name] = 1 - quantiles[name]
    value = quantiles.mean(axis=1).groupby(assignment.nearest).mean()
    if len(value) != len(names):
        raise TrainingError(
            f"training found {len(value)} segments, but the contract names {len(names)} labels: "
            "set n_clusters to the number of labels"
        )
    ranked = value.sort_values(ascending=False).index
    by_cluster = dict(zip((int(cluster) for cluster in ranked), names, strict=True))
    return [by_cluster[cluster] for cluster in range(len(names))]
