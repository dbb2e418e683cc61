"""First models of own data: as-ofs that the data allow, training, evaluation, pins for review."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.metrics import roc_auc_score

from python_scoring.clock import utc_now
from python_scoring.contracts.validation import project_contracts
from python_scoring.errors import InputError, TrainingError, suggestion
from python_scoring.models.artifacts import ModelCard
from python_scoring.models.card import write_model_card
from python_scoring.models.registry import Registry, check_pin_texts
from python_scoring.onboarding.data_check import DataCheck, ProductCheck, check_data
from python_scoring.project import parsed_manifest
from python_scoring.training.as_ofs import AsOfs, TrainingRequest
from python_scoring.training.claims import TURNED
from python_scoring.training.data import build_training_data, read_training_data
from python_scoring.training.train import Trained, train_on

RECENCY = "recency_days"
RECENT = timedelta(days=7)  # data that end earlier are a history, which no schedule reaches


@dataclass(frozen=True)
class Fitted:
    """Registered and pinned model of a product, and how well recency alone ranks its customers.

    `recency` is the AUC of a probability, or the rank correlation of an estimate, of customers
    ordered by their last purchase; None for segments, and where nothing was evaluated.
    """

    card: ModelCard
    pinned_from: datetime
    recency: float | None


@dataclass(frozen=True)
class FitResult:
    """Outcome of a fit: models, and the reason by product for those that could not be trained."""

    check: DataCheck
    fitted: list[Fitted]
    failed: dict[str, str]


def fit(
    products: list[str],
    folder: Path,
    registry: Registry,
    decision: tuple[str, str],
    say: Callable[[str], None],
) -> FitResult:
    """Train, evaluate, register and pin a model of each product; of all where none is named.

    Parameters
    ----------
    products
        Names; empty for all.
    folder
        The raw tables.
    registry
        Where artifacts, registry rows and pins are written, for review.
    decision
        Who pins the models, and why.
    say
        Called with a line of progress.

    Raises
    ------
    InputError
        A product is unknown, or the raw data would stop a build.

    """
    check_pin_texts(*decision)
    check = check_data(folder)
    if check.problems:
        raise InputError("\n  - ".join([f"{folder} would stop a build:", *check.problems]))
    chosen = _chosen(products, check)
    failed = {each.product: str(each.problem) for each in chosen if each.choice is None}
    requests = list(_requests(chosen, registry))
    fitted: list[Fitted] = []
    if not requests:
        return FitResult(check, fitted, failed)
    with tempfile.TemporaryDirectory(prefix="fit-") as scratch:
        manifest = parsed_manifest(Path(scratch))
        contracts = project_contracts(manifest)
        as_ofs = {
            as_of
            for request in requests
            for as_of in AsOfs.of(request, contracts[request.product]).all
        }
        names = [request.product for request in requests]
        say(f"building features of {', '.join(names)} at {len(as_ofs)} as-ofs")
        build_training_data(names, sorted(as_ofs), Path(scratch))
        for request in requests:
            contract = contracts[request.product]
            say(f"training {request.product} {request.model_version}")
            try:
                trained = train_on(
                    lambda _, contract: read_training_data(
                        contract.product, manifest, contract, Path(scratch)
                    ),
                    request,
                    registry,
                    contract,
                )
            except TrainingError as error:
                failed[request.product] = str(error)
                continue
            fitted.append(_registered(trained, request, registry, decision))
            write_model_card(registry, request.product, request.model_version, manifest)
    return FitResult(check, fitted, failed)


def _chosen(products: list[str], check: DataCheck) -> list[ProductCheck]:
    known = {each.product: each for each in check.products}
    for name in products:
        if name not in known:
            raise InputError(f"there is no product {name!r}{suggestion(name, known)}")
    return [known[name] for name in dict.fromkeys(products or known)]


def _requests(chosen: list[ProductCheck], registry: Registry) -> Iterator[TrainingRequest]:
    for each in chosen:
        if each.choice:
            yield TrainingRequest(
                each.product,
                each.choice.as_ofs,
                registry.next_version(each.product),
                evaluate_on=each.choice.evaluate_on,
                pin_from=each.choice.pin_from,
            )


def _registered(
    trained: Trained, request: TrainingRequest, registry: Registry, decision: tuple[str, str]
) -> Fitted:
    pinned_from = request.pin_from
    if pinned_from is None:
        raise TrainingError(f"{request.product}: a fitted model is pinned, and no start was chosen")
    registry.add(trained.content, trained.card, utc_now())
    registry.pin(trained.card, pinned_from, *decision)
    return Fitted(trained.card, pinned_from, recency_alone(trained))


def recency_alone(trained: Trained) -> float | None:
    """Return how well days since the last purchase alone rank the customers of the evaluation.

    AUC for a probability, with longer as likelier; Spearman's rank correlation with more recent as
    more for an estimate. None for segments, without an evaluation, or without the feature.
    """
    rows, card = trained.judged, trained.card
    if rows is None or RECENCY not in rows or card.metrics.get("not_evaluated"):
        return None
    days = pd.Series(rows[RECENCY], dtype=float).fillna(rows[RECENCY].max())
    if card.score_type == "probability":
        return float(roc_auc_score(rows["label"], days))
    if card.score_type == "estimate":
        return float((-days).corr(rows["label"], method="spearman"))
    return None


def to_text(found: FitResult, registry: Registry) -> str:
    """Return how good each model is, and what to do next, for a terminal."""
    lines = [_quality(each) for each in found.fitted]
    lines += [f"{product}: not trained. {why}" for product, why in found.failed.items()]
    if not found.fitted:
        return "\n".join(lines)
    for each in found.fitted:
        later = registry.later_pins(each.card.product, each.pinned_from)
        if later:
            started, version = later[0]
            lines.append(
                f"{each.card.product}: pinned until {started:%Y-%m-%d}, when the earlier pin of "
                f"{version} begins. Take that row out of {registry.pins_file.name} if it is of "
                "the demo data."
            )
    lines.append("Review and commit seeds/ and python_scoring/artifacts/; then: " + _next(found))
    return "\n".join(lines)


def to_record(found: FitResult) -> dict[str, Any]:
    """Return models, products that were not trained, and the next command as JSON types."""
    return {
        "models": [
            {
                "product": each.card.product,
                "model_version": each.card.model_version,
                "pinned_from": each.pinned_from.isoformat(),
                "training_as_ofs": each.card.training_as_ofs,
                "rows": each.card.training_data["rows"],
                "metrics": each.card.metrics,
                "recency_alone": each.recency,
            }
            for each in found.fitted
        ],
        "not_trained": found.failed,
        "next": _next(found) if found.fitted else None,
    }


def _quality(fitted: Fitted) -> str:
    card, metrics = fitted.card, fitted.card.metrics
    count = len(card.training_as_ofs)
    said = (
        f"{card.product} {card.model_version}: {card.training_data['rows']:,} rows of {count} "
        f"as-of{'' if count == 1 else 's'}, pinned from {fitted.pinned_from:%Y-%m-%d}"
    )
    if why := metrics.get("not_evaluated"):
        return f"{said}. Not evaluated: {why}"
    said += f". On {metrics['rows']:,} customers of {metrics['as_of'][:10]}: "
    if "claims" in metrics:
        judged = [claim for claim in metrics["claims"] if claim["turned"] is not None]
        held = sum(claim["turned"] <= TURNED for claim in judged)  # type: ignore[operator]
        return f"{said}{held} of {len(judged)} claims of the segments hold that could be judged"
    name, value = (
        ("AUC", metrics["auc"]) if "auc" in metrics else ("rank correlation", metrics["spearman"])
    )
    said += f"{name} {value:.3f}"
    if fitted.recency is not None:
        said += f" (recency alone {fitted.recency:.3f}"
        said += ")" if value > fitted.recency else ": no better, look at it before you pin it)"
    if "bias" in metrics:
        said += f", bias {metrics['bias']:+.0%}"
    if metrics.get("coverage") is not None:
        said += f", {metrics['interval_level']:.0%} bounds hold {metrics['coverage']:.1%}"
    return said


def _next(found: FitResult) -> str:
    """Return the build that publishes.

    Of data that end in the past it is that of the first as-of that the models may score: its
    outcomes are in the data, and customers are most like those of the training.
    """
    scored = [each.windows.scored for each in found.check.products if each.windows]
    newest = max((as_of for as_of in scored if as_of), default=None)
    if newest is None or found.check.checked_at - newest < RECENT:
        return "dbt build"
    first = max(each.pinned_from for each in found.fitted)
    return f"PREDICTION_AS_OF={first:%Y-%m-%d} dbt build"
