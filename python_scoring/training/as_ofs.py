"""The as-ofs of a training: which are learned from, left out to calibrate on, and judged on.

Outcomes of two as-ofs less than a horizon apart share days. A model that is measured on outcomes
that it has partly seen looks better than it is, so the as-ofs of a measurement keep an embargo: at
least a horizon from each as-of that the measured model has learned from (Lopez de Prado, Advances
in Financial Machine Learning, chapter 7).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.training.uncertainty import is_calibrated

ALLOW = "--allow-overlap"


@dataclass(frozen=True)
class TrainingRequest:
    """What to train: the as-ofs to learn from, those to calibrate on and the one to judge on."""

    product: str
    as_ofs: list[datetime]
    model_version: str
    calibrate_on: list[datetime] = field(default_factory=list)
    evaluate_on: datetime | None = None
    pin_from: datetime | None = None
    allow_overlap: bool = False


@dataclass(frozen=True)
class Fold:
    """An as-of that is left out, and those that the model is fitted on to foretell it."""

    left_out: datetime
    learned: list[datetime]


@dataclass(frozen=True)
class AsOfs:
    """The as-ofs of a training, in order.

    The model is fitted on all of `labelled` in the end. `folds` leave one out in turn: what they
    foretell teaches calibration and bounds. `overlaps` says in sentences which label windows of a
    measurement share days with those that its model has learned from.
    """

    labelled: list[datetime]
    folds: list[Fold]
    evaluate_on: datetime
    embargo: timedelta
    overlaps: list[str]

    @property
    def all(self) -> list[datetime]:
        """Every as-of that features are needed for."""
        return [*self.labelled, self.evaluate_on]

    @property
    def left_out(self) -> list[datetime]:
        """The as-ofs that calibration and bounds are learned on."""
        return [fold.left_out for fold in self.folds]

    def labels_closed_at(self) -> datetime:
        """When the last outcome was known that training or calibration has seen."""
        return self.labelled[-1] + self.embargo

    @classmethod
    def of(cls, request: TrainingRequest, contract: ScoringContract) -> "AsOfs":
        """What is asked for; by default the first as-ofs that keep the embargo.

        Raises TrainingError where as-ofs are not in order, or where label windows overlap and the
        request does not allow that by name.
        """
        horizon = timedelta(days=contract.horizon_days)
        learns_outcomes = contract.score_type != "segment"
        embargo = horizon if learns_outcomes else timedelta()
        learned, named = sorted(set(request.as_ofs)), sorted(set(request.calibrate_on))
        overlaps: list[str] = []
        if not is_calibrated(contract):
            if named:
                raise TrainingError(
                    f"--calibrate-on: scores of {request.product} are not probabilities, and its "
                    "contract states no uncertainty.interval_level: there is nothing to calibrate"
                )
        elif named:
            overlaps += overlaps_of("--calibrate-on", named, learned, horizon)
        elif learned[-1] - learned[0] < horizon:
            named = [learned[-1] + horizon]
        labelled = sorted({*learned, *named})
        folds = _folds(labelled, named or labelled, horizon) if is_calibrated(contract) else []
        evaluate_on = request.evaluate_on or labelled[-1] + horizon
        overlaps += overlaps_of(
            "--evaluate-on", [evaluate_on], labelled, embargo or timedelta(microseconds=1)
        )
        refuse_overlaps(overlaps, allowed=request.allow_overlap)
        return cls(labelled, folds, evaluate_on, embargo, overlaps)


def refuse_overlaps(overlaps: list[str], *, allowed: bool) -> None:
    """Raises TrainingError where label windows overlap and that is not allowed by name."""
    if overlaps and not allowed:
        raise TrainingError(
            f"{overlaps[0]}. Its outcomes are partly known to the model, which would look better "
            f"than it is: choose later as-ofs, or {ALLOW}, which the model card states."
        )


def overlaps_of(
    option: str, measured: list[datetime], learned: list[datetime], embargo: timedelta
) -> list[str]:
    """A sentence for each measured as-of within the embargo; raises where one is not later."""
    found = []
    last = max(learned)
    for as_of in measured:
        if as_of <= last and (
            option == "--evaluate-on" or as_of in learned or as_of < min(learned)
        ):
            raise TrainingError(
                f"{option} {as_of} is not later than the last as-of {last} that the model learns "
                f"from: it knows its outcomes. Choose {last + embargo} or later."
            )
        if as_of - last < embargo:
            found.append(
                f"{option} {as_of} is {(as_of - last).days} days after the as-of {last} that the "
                f"model learns from; expected at least the horizon of {embargo.days} days, "
                f"{last + embargo} or later"
            )
    return found


def _folds(labelled: list[datetime], left_out: list[datetime], horizon: timedelta) -> list[Fold]:
    """Each as-of with those at least a horizon away from it, before or after.

    One that has none is only learned from, unless no fold would be left: then each is foretold by
    all others, which only an allowed overlap comes to.
    """
    folds = [
        Fold(one, [other for other in labelled if abs(other - one) >= horizon]) for one in left_out
    ]
    kept = [fold for fold in folds if fold.learned]
    return kept or [Fold(one, [other for other in labelled if other != one]) for one in left_out]
