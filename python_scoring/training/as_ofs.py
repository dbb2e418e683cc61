"""As-ofs of a training: those for fitting, for calibration and for evaluation.

Outcomes of two as-ofs less than a horizon apart share days. A model looks better than it is on
outcomes that it has partly seen. Measurements therefore keep an embargo: at least a horizon from
each as-of that the measured model was fitted on (Lopez de Prado, Advances in Financial Machine
Learning, 2018, chapter 7).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from python_scoring.contracts.contract import ScoringContract
from python_scoring.errors import TrainingError
from python_scoring.training.uncertainty import is_calibrated

ALLOW = "--allow-overlap"


@dataclass(frozen=True)
class TrainingRequest:
    """Request of a training: as-ofs to fit and calibrate on, and the one to evaluate on."""

    product: str
    as_ofs: list[datetime]
    model_version: str
    calibrate_on: list[datetime] = field(default_factory=list)
    evaluate_on: datetime | None = None
    pin_from: datetime | None = None
    allow_overlap: bool = False


@dataclass(frozen=True)
class Fold:
    """Held-out as-of, and the as-ofs that the model scoring it is fitted on."""

    left_out: datetime
    learned: list[datetime]


@dataclass(frozen=True)
class AsOfs:
    """As-ofs of a training, in order.

    The final model is fitted on all of `labelled`. `folds` hold out one as-of each; their scores
    give calibration and bounds. `overlaps` has a sentence for each label window of a measurement
    that shares days with a label window of the fit.
    """

    labelled: list[datetime]
    folds: list[Fold]
    evaluate_on: datetime
    embargo: timedelta
    overlaps: list[str]

    @property
    def all(self) -> list[datetime]:
        """All as-ofs whose features are needed."""
        return [*self.labelled, self.evaluate_on]

    @property
    def left_out(self) -> list[datetime]:
        """Held-out as-ofs, on which calibration and bounds are learned."""
        return [fold.left_out for fold in self.folds]

    def labels_closed_at(self) -> datetime:
        """Instant at which the last label window of fit and calibration ends."""
        return self.labelled[-1] + self.embargo

    @classmethod
    def of(cls, request: TrainingRequest, contract: ScoringContract) -> "AsOfs":
        """Return the as-ofs of a request; by default the first ones that keep the embargo.

        Raises TrainingError if as-ofs are not in order, or if label windows overlap and the request
        does not set `allow_overlap`.
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
    """Raise TrainingError if label windows overlap and `allowed` is false."""
    if overlaps and not allowed:
        raise TrainingError(
            f"{overlaps[0]}. Its outcomes are partly known to the model, which would look better "
            f"than it is: choose later as-ofs, or {ALLOW}, which the model card states."
        )


def overlaps_of(
    option: str, measured: list[datetime], learned: list[datetime], embargo: timedelta
) -> list[str]:
    """Return a sentence per measured as-of within the embargo.

    Raises TrainingError for a measured as-of that is not later than those of the fit.
    """
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
    """Return a fold per held-out as-of, fitted on those at least a horizon before or after it.

    An as-of without any is only used for the fit. If no fold remains, each as-of is scored by a
    model of all others; only an allowed overlap leads there.
    """
    folds = [
        Fold(one, [other for other in labelled if abs(other - one) >= horizon]) for one in left_out
    ]
    kept = [fold for fold in folds if fold.learned]
    return kept or [Fold(one, [other for other in labelled if other != one]) for one in left_out]
