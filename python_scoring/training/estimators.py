"""The reference estimators, built from the recipe in a product's YAML."""

from typing import Any

import pandas as pd
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.models.segments import assign
from python_scoring.training.data import Recipe

# Fixed, so that training twice on the same data gives the same model.
SEED = 20250101


def build(recipe: Recipe) -> Any:
    """The unfitted estimator that the recipe describes.

    Raises TrainingError for an estimator that is not a reference model; such models are trained
    elsewhere and come in through `register`.
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
        "additive_boosted_trees_regressor, k_means_on_quantiles; "
        "register a model trained elsewhere instead"
    )


def _boosting(settings: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Without interactions each score is a sum of one contribution per feature."""
    directions = recipe.get("monotonic", {})
    return {
        "interaction_cst": "no_interactions",
        "early_stopping": False,
        "random_state": SEED,
        "monotonic_cst": [directions.get(feature["name"], 0) for feature in recipe["features"]],
        **settings,
    }


def segment_names(estimator: Any, learned: pd.DataFrame, contract: ScoringContract) -> list[str]:
    """The contract's labels for the clusters, from the most to the least valuable behaviour.

    Clusters are ranked by the mean quantile of their customers over the features, where a longer
    time since the last purchase counts against a cluster. Empty for other score types.
    """
    if contract.score_type != "segment":
        return []
    names = [label.name for label in contract.labels]
    features = [str(name) for name in estimator.feature_names_in_]
    assignment = assign(estimator, learned[features])
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
