"""Champion against challenger: agreement of their scores, and errors against outcomes."""

from dataclasses import dataclass

from python_scoring.report import formatting
from python_scoring.report.figure import Table
from python_scoring.report.records import Challenge, ChallengeOutcome, Contract, Records


@dataclass(frozen=True)
class Measure:
    """Figure of outcomes: its name, its column, and the direction that is better."""

    name: str
    column: str
    verb: str = ""
    is_error: bool = False
    is_score: bool = False

    def of(self, outcome: ChallengeOutcome, who: str) -> float | None:
        """Return the figure of the champion or the challenger."""
        found: float | None = getattr(outcome, f"{who}_{self.column}")
        return found

    def told(self, outcome: ChallengeOutcome, who: str, contract: Contract) -> str:
        """Format the figure."""
        value = self.of(outcome, who)
        return contract.score(value) if self.is_score else formatting.number(value)


# Measures with a verb appear in the sentence; the decisive one is first.
_DECISIVE = "foretold"
_MEASURES = (
    Measure("Brier score", "brier", _DECISIVE, is_error=True),
    Measure("mean absolute error", "mae", _DECISIVE, is_error=True, is_score=True),
    Measure("AUC", "auc", "ranked"),
    Measure("rank correlation", "spearman", "ranked"),
    Measure("bias", "bias"),
    Measure("calibration gap", "calibration_gap"),
)


@dataclass(frozen=True)
class Comparison:
    """Table and sentences about a product's challengers."""

    title: str
    sentences: list[str]
    table: Table


def comparison(records: Records, contract: Contract) -> Comparison | None:
    """Newest run with a challenger; None if the product has none."""
    challenges = [one for one in records.challenges if one.product == contract.product]
    if not challenges:
        return None
    measures = (
        "Same label", "Rank agreement", "Highest tenth in common", "Mean difference", "PSI", "KS",
    )  # fmt: skip
    return Comparison(
        title="Champion and challenger",
        sentences=[_sentence(one, contract) for one in challenges],
        table=Table(
            columns=("Challenger", "Champion", "Slot", "Customers", *measures),
            rows=[_row(one) for one in challenges],
            numbers=frozenset(("Customers", *measures)),
        ),
    )


def _sentence(one: Challenge, contract: Contract) -> str:
    who = f"{formatting.short_slot(one.as_of)}: {one.challenger_version}"
    if one.status == "failed":
        return formatting.sentence(
            f"{who} failed: {formatting.beginning(one.reason or 'no reason')}"
        )
    told = [
        (
            f"agrees with {one.champion_version} on {formatting.percent(one.label_agreement)} "
            "of labels"
        ),
    ]
    if one.top_decile_in_common is not None:
        told.append(f"shares {formatting.percent(one.top_decile_in_common)} of the highest tenth")
    if one.mean_difference:
        direction = "higher" if one.mean_difference > 0 else "lower"
        told.append(f"scores {contract.score(abs(one.mean_difference))} {direction} on average")
    elif one.mean_difference is not None:
        told.append("scores the same on average")
    return formatting.sentence(f"{who} {formatting.listing(told)}")


def _row(one: Challenge) -> tuple[str, ...]:
    return (
        one.challenger_version,
        one.champion_version,
        formatting.slot(one.as_of),
        formatting.NOTHING if one.customers is None else f"{one.customers:,}",
        formatting.percent(one.label_agreement),
        formatting.number(one.rank_agreement, 2),
        formatting.percent(one.top_decile_in_common),
        formatting.number(one.mean_difference),
        formatting.number(one.psi, 2),
        formatting.number(one.kolmogorov_smirnov, 2),
    )


def outcomes(records: Records, contract: Contract) -> Comparison | None:
    """Newest run of each challenger with known outcomes; None if there is none."""
    known = [one for one in records.challenge_outcomes if one.product == contract.product]
    if not known:
        return None
    measures = [
        measure
        for measure in _MEASURES
        if any(measure.of(one, "champion") is not None for one in known)
    ]
    names = [measure.name[:1].upper() + measure.name[1:] for measure in measures]
    return Comparison(
        title="What came, by champion and challenger",
        sentences=[_verdict(one, contract) for one in known],
        table=Table(
            columns=("Model", "Role", "Slot", "Outcomes known", *names),
            rows=[
                (
                    version,
                    who,
                    formatting.slot(one.as_of),
                    f"{one.labels_known:,}",
                    *(measure.told(one, who, contract) for measure in measures),
                )
                for one in known
                for who, version in (
                    ("challenger", one.challenger_version),
                    ("champion", one.champion_version),
                )
            ],
            numbers=frozenset(("Outcomes known", *names)),
        ),
    )


def _verdict(one: ChallengeOutcome, contract: Contract) -> str:
    customers = formatting.plural(one.labels_known, "customer")
    where = f"{formatting.short_slot(one.as_of)}, {customers} with a known outcome"
    if one.labels_known < contract.minimum_customers:
        return (
            f"{where}: no verdict on {one.challenger_version} and {one.champion_version}, because "
            f"of fewer than {contract.minimum_customers:,} they differ by chance."
        )
    judged = [
        measure
        for measure in _MEASURES
        if measure.verb and None not in (measure.of(one, "champion"), measure.of(one, "challenger"))
    ]
    told = [_compared(measure, one, contract) for measure in judged]
    return formatting.sentence(f"{where}: {one.challenger_version} {formatting.listing(told)}")


def _compared(measure: Measure, one: ChallengeOutcome, contract: Contract) -> str:
    """Sentence on one measure; figures that are printed alike are called equal."""
    challenger, champion = (measure.told(one, who, contract) for who in ("challenger", "champion"))
    if challenger == champion:
        how, figures = "as well as", f"{challenger} both"
    else:
        is_more = (measure.of(one, "challenger") or 0) > (measure.of(one, "champion") or 0)
        how = "worse than" if is_more == measure.is_error else "better than"
        figures = f"{challenger} against {champion}"
    is_first = measure.verb == _DECISIVE
    how = f"{how} {one.champion_version}" if is_first else how.rsplit(" ", 1)[0]
    return f"{measure.verb} {how} by {measure.name} ({figures})"
