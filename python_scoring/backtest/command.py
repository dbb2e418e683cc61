"""`customer-predictions backtest`: one or two registered models on past as-ofs, beside outcomes."""

import json
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from python_scoring.backtest.bootstrap import LEVEL, SAMPLES, with_intervals
from python_scoring.backtest.figures import Measured
from python_scoring.contracts.contract import ScoringContract
from python_scoring.contracts.validation import contract_of
from python_scoring.errors import ArgumentError, ArtifactError, InputError
from python_scoring.models import artifacts
from python_scoring.models.artifacts import Model
from python_scoring.models.backtest_record import Entry, Figures, MeasuredModel, Pin
from python_scoring.models.predict import DECIMALS, Scores, predict
from python_scoring.models.registry import Registry
from python_scoring.project import model_meta, parsed_manifest
from python_scoring.scoring.batches import band_labels, bands_of
from python_scoring.training.claims import judged_claims
from python_scoring.training.data import prepare
from python_scoring.uncertainty import bounds

MOST_MODELS = 2
# Quantiles of the shift of single scores that a pin of the second model would bring.
SHIFTS = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class BacktestRequest:
    """What to measure: one model, or a second one against the first, between two instants."""

    product: str
    model_versions: list[str]
    since: datetime
    until: datetime
    every: str = "month"


@dataclass(frozen=True)
class Backtest:
    """What a backtest found; `figures` are value, lower and upper end by name.

    `measured` has an entry per as-of and one, with `as_of` None, for all together; its `models` are
    in the order of `model_versions`, and `difference` is the second less the first. `left_out` says
    of each other as-of why it was not measured. `pin` is what a pin of the second model would
    change among the customers of the last as-of.
    """

    product: str
    model_versions: list[str]
    level: float
    samples: int
    measured: list[Entry]
    left_out: dict[str, str] = field(default_factory=dict)
    pin: Pin | None = None

    def to_json(self) -> str:
        """For other programs; the same backtest gives the same bytes."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"


def as_ofs_between(since: datetime, until: datetime, every: str) -> list[datetime]:
    """The as-ofs from one instant to another, both included, a day, week or month apart.

    Raises ArgumentError where there is none. A month later is the same day of the next month, or
    its last one.
    """
    if since > until:
        raise ArgumentError(f"--from {since} is later than --to {until}")
    steps = {"day": pd.DateOffset(days=1), "week": pd.DateOffset(weeks=1)}
    found = []
    for number in range(10_000):
        step = steps[every] * number if every in steps else pd.DateOffset(months=number)
        as_of = (pd.Timestamp(since) + step if number else pd.Timestamp(since)).to_pydatetime()
        if as_of > until:
            break
        found.append(as_of)
    return found


def backtest(request: BacktestRequest, registry: Registry) -> Backtest:
    """Build features at each as-of in a scratch warehouse, score, and compare with outcomes.

    Raises InputError where no as-of can be measured, ArgumentError for more than two models, and
    ArtifactError for one of another feature version.
    """
    versions = list(dict.fromkeys(request.model_versions))
    if len(versions) > MOST_MODELS:
        raise ArgumentError(f"--model-version: {len(versions)} versions; expected one or two")
    as_ofs = as_ofs_between(request.since, request.until, request.every)
    for version in versions:
        registry.find(request.product, version)  # before the project is parsed
    with tempfile.TemporaryDirectory(prefix="backtest-") as scratch:
        manifest = parsed_manifest(Path(scratch))
        contract = contract_of(manifest, request.product)
        version = str(model_meta(manifest, "feature_snapshots", "feature_version"))
        models = [_loaded(registry, request.product, one, version) for one in versions]
        features = list(
            {one["name"]: one for model in models for one in model.card.features}.values()
        )
        prepared = prepare(request.product, as_ofs, manifest, contract, Path(scratch), features)
    left_out: dict[str, str] = {}
    frames = []
    for as_of in as_ofs:
        frame = prepared.frame[prepared.frame["as_of"] == as_of].reset_index(drop=True)
        problem = _seen(models, as_of) or prepared.missing(as_of, with_outcomes=True)
        if problem or frame.empty:
            left_out[str(as_of)] = problem or "no eligible customer"
        else:
            frames.append((as_of, frame))
    if not frames:
        reasons = "; ".join(f"{as_of}: {problem}" for as_of, problem in left_out.items())
        raise InputError(f"no as-of of {request.product} can be measured: {reasons}")
    newest = max(as_ofs)
    return Backtest(
        request.product,
        versions,
        LEVEL,
        SAMPLES,
        _measured(models, frames, contract),
        left_out,
        _pin(models, prepared.frame[prepared.frame["as_of"] == newest], newest, contract)
        if len(models) > 1
        else None,
    )


def _loaded(registry: Registry, product: str, model_version: str, feature_version: str) -> Model:
    model = artifacts.load(registry.find(product, model_version), registry.project)
    if model.card.feature_version != feature_version:
        raise ArtifactError(
            f"{product} {model_version} was trained on feature_version "
            f"{model.card.feature_version}, but the project computes {feature_version}. Check out "
            "the commit that computes it, or choose another version."
        )
    return model


def _seen(models: list[Model], as_of: datetime) -> str | None:
    """Why an as-of would flatter a model; None where none has seen its outcomes."""
    for model in models:
        closed_at = datetime.fromisoformat(model.card.label_window_closed_at)
        if as_of < closed_at:
            return f"{model.card.model_version} has learned from outcomes until {closed_at}"
    return None


def _scored(
    model: Model, frame: pd.DataFrame, as_of: datetime, contract: ScoringContract
) -> tuple[Scores, list[str | None]]:
    found = predict(model.at(as_of), frame[[one["name"] for one in model.card.features]])
    return found.scores, found.labels or band_labels(found.scores, bands_of(contract))


def _measured(
    models: list[Model], frames: list[tuple[datetime, pd.DataFrame]], contract: ScoringContract
) -> list[Entry]:
    """An entry per as-of, and one for all together."""
    together = pd.concat([frame for _, frame in frames], ignore_index=True)
    scored = [
        [_scored(model, frame, as_of, contract) for as_of, frame in frames] for model in models
    ]
    parts: list[tuple[datetime | None, pd.DataFrame, list[tuple[Scores, list[str | None]]]]] = [
        (as_of, frame, [of_model[place] for of_model in scored])
        for place, (as_of, frame) in enumerate(frames)
    ]
    whole = [
        (
            np.concatenate([scores for scores, _ in of_model]),
            [label for _, labels in of_model for label in labels],
        )
        for of_model in scored
    ]
    parts.append((None, together, whole))
    entries: list[Entry] = []
    for as_of, frame, found in parts:
        of_models, difference = _of_part(models, frame, found, contract)
        entries.append(
            {
                "as_of": as_of.isoformat() if as_of else None,
                "customers": int(frame["customer_id"].nunique()),
                "rows": len(frame),
                "models": of_models,
                "difference": difference,
            }
        )
    return entries


def _of_part(
    models: list[Model],
    frame: pd.DataFrame,
    found: list[tuple[Scores, list[str | None]]],
    contract: ScoringContract,
) -> tuple[list[MeasuredModel], Figures]:
    """Each model's figures or claims, and the difference of both."""
    outcomes = frame["label"].to_numpy(dtype=np.float64)
    if contract.score_type == "segment":
        claims = [judged_claims(contract, labels, outcomes) for _, labels in found]
        return [{"claims": each} for each in claims], {}
    measured = []
    as_ofs = pd.factorize(frame["as_of"])[0]
    for model, (scores, _) in zip(models, found, strict=True):
        table = model.card.bounds
        lower, upper = bounds.apply(table, scores) if table else (None, None)
        size = int(table["group_size"]) if table else 1
        is_probability = contract.score_type == "probability"
        measured.append(Measured(scores, outcomes, lower, upper, size, is_probability, as_ofs))
    customers = pd.factorize(frame["customer_id"])[0]
    each, difference = with_intervals(measured, customers)
    of_models: list[MeasuredModel] = [
        {
            "figures": _rounded(figures),
            "coverage_by_fifth": [round(share, DECIMALS) for share in one.coverage_by_fifth()],
        }
        for one, figures in zip(measured, each, strict=True)
    ]
    return of_models, _rounded(difference)


def _rounded(figures: Figures) -> Figures:
    return {
        name: [None if value is None else round(value, DECIMALS) for value in values]
        for name, values in figures.items()
    }


def _pin(
    models: list[Model], frame: pd.DataFrame, as_of: datetime, contract: ScoringContract
) -> Pin | None:
    """Labels that customers would leave and enter, and how far scores would move."""
    if frame.empty:
        return None
    (before, was), (after, becomes) = (
        _scored(model, frame.reset_index(drop=True), as_of, contract) for model in models
    )
    moves = Counter(zip(map(str, was), map(str, becomes), strict=True))
    shift = after - before
    return {
        "as_of": as_of.isoformat(),
        "customers": len(frame),
        "labels": [
            {"was": left, "becomes": entered, "customers": count}
            for (left, entered), count in sorted(moves.items())
        ],
        "relabelled": int(sum(one != other for one, other in zip(was, becomes, strict=True))),
        "mean_score": [round(float(before.mean()), 6), round(float(after.mean()), 6)],
        "score_shift": {
            f"p{int(100 * share)}": round(
                float(np.quantile(shift, share, method="inverted_cdf")), 6
            )
            for share in SHIFTS
        },
    }
