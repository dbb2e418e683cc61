"""Which explanation a model gets: a lookup where one is exact, SHAP values otherwise."""

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from python_scoring.artifacts import Model
from python_scoring.explanations.additive_trees import AdditiveTrees
from python_scoring.explanations.columnwise import Transformed, split, transformed
from python_scoring.explanations.interface import Explainer
from python_scoring.explanations.linear import Linear
from python_scoring.explanations.segments import Segments
from python_scoring.explanations.shapley import PermutationValues, TreeValues

BOOSTED_TREES = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


def explainer_for(model: Model) -> Explainer | None:
    """None where nothing can explain the model: its card lacks the features' distributions."""
    features = [feature["name"] for feature in model.card.features]
    if model.card.score_type == "segment":
        return Segments.of(model.estimator, features)
    found = split(model.estimator)
    if found is None:
        return PermutationValues.of(model)
    steps, last = found
    explainer: Explainer | None = Linear.of(last, features)
    if isinstance(explainer, Linear):
        explainer.counted_from(transformed(steps, _average(model)))
    elif isinstance(last, BOOSTED_TREES):
        explainer = AdditiveTrees.of(last, features)
    explainer = explainer or TreeValues.of(last, features)
    if explainer is None:
        return PermutationValues.of(model)
    return Transformed(steps, explainer) if steps else explainer


def _average(model: Model) -> pd.DataFrame:
    """One row with the training's mean of each feature; NaN where the card does not know it."""
    known = model.card.reference.get("features", {})
    return pd.DataFrame(
        {
            feature["name"]: [known.get(feature["name"], {}).get("mean", np.nan)]
            for feature in model.card.features
        }
    )
