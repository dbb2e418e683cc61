"""Metrics of a model on a later as-of, and reference distributions of its training."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from python_scoring.contracts.contract import ScoringContract
from python_scoring.models.artifacts import Model, ModelCard
from python_scoring.models.card_parts import Distribution, Metrics, Reference
from python_scoring.models.predict import Scores, predict
from python_scoring.scoring.batches import band_labels, bands_of
from python_scoring.training.claims import judged_claims, refuse_contradicted
from python_scoring.uncertainty import bounds
from python_scoring.uncertainty.coverage import by_fifth, coverage

# Features are compared by tenths of their training values. Scores are compared by hundredths as
# well, so that the Kolmogorov-Smirnov distance is exact to one hundredth.
TENTHS, HUNDREDTHS = 10, 100


def complete_card(
    model: Model,
    known: pd.DataFrame,
    judged: pd.DataFrame | None,
    evaluate_on: datetime,
    contract: ScoringContract,
) -> ModelCard:
    """Return the card with metrics on a later as-of and reference distributions.

    Parameters
    ----------
    model
        Model with a card that lacks them.
    known
        Customers of fit and calibration, with as_of, label and features: the reference of runs.
    judged
        Customers of `evaluate_on`, with label and features; None if its labels are not complete,
        which the card records.
    evaluate_on
        The later as-of.
    contract
        Contract of the product.

    Raises
    ------
    TrainingError
        The outcomes contradict a claim of the contract about its segments.

    """
    parts = [
        _scores(model.at(as_of.to_pydatetime()), known[known["as_of"] == as_of], contract)
        for as_of in known["as_of"].drop_duplicates()
    ]
    known_scores = np.concatenate([scores for scores, _ in parts])
    known_labels = [label for _, labels in parts for label in labels]
    found: Metrics = {"not_evaluated": _unusable(judged, evaluate_on, contract)}
    if judged is not None and not found["not_evaluated"]:
        found = _judged(model.at(evaluate_on), judged, contract)
    reference: Reference = {
        "features": {
            feature["name"]: _distribution(known[feature["name"]], feature["type"])
            for feature in model.card.features
        },
        "score": _score_distribution(pd.Series(known_scores)),
        "label": _distribution(pd.Series(known_labels), "category"),
    }
    return replace(model.card, metrics=found, reference=reference)


def _judged(model: Model, judged: pd.DataFrame, contract: ScoringContract) -> Metrics:
    """Return metrics of a model at its as-of."""
    scores, labels = _scores(model, judged, contract)
    found: Metrics = {
        "as_of": str(model.as_of and model.as_of.isoformat()),
        "rows": len(judged),
        **_metrics(scores, labels, judged, contract.score_type),
        **_coverage(model.card, scores, judged),
    }
    if contract.score_type == "segment":
        claims = judged_claims(contract, labels, judged["label"].to_numpy())
        refuse_contradicted(contract.product, model.as_of, claims)
        found["claims"] = claims
    elif model.card.calibration:
        found["before_calibration"] = _before_calibration(model, judged)
    return found


def _unusable(
    judged: pd.DataFrame | None, evaluate_on: datetime, contract: ScoringContract
) -> str | None:
    """Return the reason why an as-of cannot be evaluated; None if it can."""
    if judged is None or judged.empty:
        return f"the label window of the later as-of {evaluate_on} is not complete in the data"
    if contract.score_type != "segment" and judged["label"].nunique() < 2:  # noqa: PLR2004
        return f"all {len(judged)} customers of the later as-of {evaluate_on} had the same outcome"
    return None


def _scores(
    model: Model, frame: pd.DataFrame, contract: ScoringContract
) -> tuple[Scores, list[str | None]]:
    found = predict(model, frame[[feature["name"] for feature in model.card.features]])
    return found.scores, found.labels or band_labels(found.scores, bands_of(contract))


def _metrics(
    scores: Scores, labels: list[str | None], judged: pd.DataFrame, score_type: str
) -> Metrics:
    if score_type == "segment":
        return {
            "share_per_label": _shares(pd.Series(labels)),
            "mean_clearness": _rounded(scores.mean()),
        }
    truth = judged["label"].to_numpy()
    if score_type == "probability":
        return {
            "base_rate": _rounded(truth.mean()),
            "auc": _rounded(metrics.roc_auc_score(truth, scores)),
            **_reliability(scores, truth),
        }
    return {
        "mean_actual": _rounded(truth.mean()),
        "mae": _rounded(np.abs(truth - scores).mean()),
        "bias": _rounded(scores.sum() / truth.sum() - 1),
        "spearman": _rounded(pd.Series(scores).corr(pd.Series(truth), method="spearman")),
    }


def _reliability(scores: Scores, truth: Any) -> Metrics:
    """Brier score, log loss, and predicted and observed by decile."""
    tenths = (
        pd.DataFrame({"predicted": scores, "observed": truth})
        .groupby(pd.qcut(pd.Series(scores), TENTHS, duplicates="drop"), observed=True)
        .agg(
            predicted=("predicted", "mean"),
            observed=("observed", "mean"),
            rows=("observed", "size"),
        )
    )
    return {
        "brier": _rounded(metrics.brier_score_loss(truth, scores)),
        "log_loss": _rounded(metrics.log_loss(truth, scores)),
        "calibration": [
            {"predicted": _rounded(predicted), "observed": _rounded(observed), "rows": int(rows)}
            for predicted, observed, rows in tenths.to_numpy()
        ],
    }


def _before_calibration(model: Model, judged: pd.DataFrame) -> Metrics:
    """Reliability or bias of uncalibrated scores, to show the effect of calibration."""
    raw = replace(model, card=replace(model.card, calibration={}))
    found = predict(raw, judged[[feature["name"] for feature in model.card.features]])
    truth = judged["label"].to_numpy()
    if model.card.score_type == "probability":
        return _reliability(found.scores, truth)
    return {"bias": _rounded(found.scores.sum() / truth.sum() - 1)}


def _coverage(card: ModelCard, scores: Scores, judged: pd.DataFrame) -> Metrics:
    """Share of outcomes within the bounds, overall and by fifth of the scores, and the level."""
    if not card.bounds:
        return {}
    outcomes = judged["label"].to_numpy()
    table = card.bounds
    of_bounds = (scores, outcomes, bounds.apply(table, scores), table["group_size"])
    found = coverage(*of_bounds)
    return {
        "coverage": None if found is None else _rounded(found),
        "coverage_by_fifth": [_rounded(share) for share in by_fifth(*of_bounds)],
        "interval_level": card.bounds["interval_level"],
    }


def _distribution(values: "pd.Series[Any]", kind: str, bins: int = TENTHS) -> Distribution:
    """Shares per bin. A bin of a number includes its upper edge, a quantile; the last is open."""
    missing = _rounded(values.isna().mean())
    present = values.dropna()
    if kind == "category":
        return {"missing": missing, "categories": _shares(present)}
    if present.empty:
        return {"missing": missing, "edges": [], "shares": []}
    inner = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(present, inner, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    return {
        "missing": missing,
        "edges": [float(edge) for edge in edges],
        "shares": [_rounded(count / len(present)) for count in counts],
        "mean": _rounded(present.mean()),
    }


def _score_distribution(scores: "pd.Series[Any]") -> Distribution:
    """Distribution by tenths, by hundredths under `fine`, and quantiles at 10, 50 and 90%."""
    fine = _distribution(scores, "number", HUNDREDTHS)
    tenth, median, nine_tenths = np.quantile(scores, [0.1, 0.5, 0.9], method="inverted_cdf")
    return {
        **_distribution(scores, "number"),
        "fine": {"edges": fine["edges"], "shares": fine["shares"]},
        "quantiles": {
            "p10": _rounded(tenth), "p50": _rounded(median), "p90": _rounded(nine_tenths)
        },
    }  # fmt: skip


def _shares(values: "pd.Series[Any]") -> dict[str, float]:
    shares = values.value_counts(normalize=True)
    return {str(name): _rounded(share) for name, share in sorted(shares.items())}


def _rounded(value: Any) -> float:
    return round(float(value), 6)
