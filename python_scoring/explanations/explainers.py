"""Choice of the explainer of a model: an exact lookup where there is one, else SHAP values.

SHAP values of LightGBM and XGBoost are their own and exact, but at 0.5 to 1 ms a row (100 trees of
31 leaves) too slow for every row of a large shop, so the contract names the rows.
"""

import numpy as np
import pandas as pd

from python_scoring.explanations.additive_trees import AdditiveTrees
from python_scoring.explanations.boosters import BoosterValues
from python_scoring.explanations.columnwise import Transformed, split, transformed
from python_scoring.explanations.interface import Explainer
from python_scoring.explanations.linear import Linear
from python_scoring.explanations.segments import RuleSegments, Segments
from python_scoring.explanations.shapley import PermutationValues, TreeValues
from python_scoring.models.artifacts import Model
from python_scoring.models.segment_rules import is_rules
from python_scoring.models.tree_tables import BOOSTED_TREES


def explainer_for(model: Model) -> Explainer | None:
    """Return a model's explainer; None if its card lacks the distributions of the features."""
    return lookup_for(model) or _shap_values_of(model)


def lookup_for(model: Model) -> Explainer | None:
    """Return the exact explainer of an additive or linear model or of segments; None for others."""
    features = [feature["name"] for feature in model.card.features]
    if model.card.score_type == "segment":
        if is_rules(model.estimator):
            return RuleSegments(features, model.estimator)
        return Segments.of(model.estimator, features)
    steps, last = split(model.estimator) or (None, None)
    explainer: Explainer | None = None
    if isinstance(last, BOOSTED_TREES):
        explainer = AdditiveTrees.of(last, features)
    elif linear := Linear.of(last, features):
        explainer = linear.counted_from(transformed(steps, _average(model)))
    return Transformed(steps, explainer) if steps and explainer else explainer


def _shap_values_of(model: Model) -> Explainer | None:
    if model.card.score_type == "segment":
        return None
    if found := split(model.estimator):
        steps, last = found
        features = [feature["name"] for feature in model.card.features]
        explainer: Explainer | None = BoosterValues.of(last, features)
        explainer = explainer or TreeValues.of(last, features)
        if explainer:
            return Transformed(steps, explainer) if steps else explainer
    return PermutationValues.of(model)


def _average(model: Model) -> pd.DataFrame:
    """Return one row with the training mean of each feature; NaN if the card does not have it."""
    known = model.card.reference.get("features", {})
    return pd.DataFrame(
        {
            feature["name"]: [known.get(feature["name"], {}).get("mean", np.nan)]
            for feature in model.card.features
        }
    )
