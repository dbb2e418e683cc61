"""Champion against challenger: how far both agree on the newest run, in words and as a table."""

from dataclasses import dataclass

from python_scoring.report import words
from python_scoring.report.contents import Challenge, Contents, Contract
from python_scoring.report.figure import Table


@dataclass(frozen=True)
class Comparison:
    """What is told of a product's challengers."""

    sentences: list[str]
    table: Table


def comparison(contents: Contents, contract: Contract) -> Comparison | None:
    """The newest run with a challenger; None where the product has none."""
    challenges = [one for one in contents.challenges if one.product == contract.product]
    if not challenges:
        return None
    measures = (
        "Same label", "Rank agreement", "Highest tenth in common", "Mean difference", "PSI", "KS",
    )  # fmt: skip
    return Comparison(
        sentences=[_sentence(one, contract) for one in challenges],
        table=Table(
            columns=("Challenger", "Champion", "Slot", "Customers", *measures),
            rows=[_row(one) for one in challenges],
            numbers=frozenset(("Customers", *measures)),
        ),
    )


def _sentence(one: Challenge, contract: Contract) -> str:
    who = f"{words.short_slot(one.as_of)}: {one.challenger_version}"
    if one.status == "failed":
        return words.sentence(f"{who} failed: {words.shorten(one.reason or 'no reason', 300)}")
    told = [
        f"agrees with {one.champion_version} on {words.percent(one.label_agreement)} of labels",
    ]
    if one.top_decile_in_common is not None:
        told.append(f"shares {words.percent(one.top_decile_in_common)} of the highest tenth")
    if one.mean_difference:
        direction = "higher" if one.mean_difference > 0 else "lower"
        told.append(f"scores {contract.score(abs(one.mean_difference))} {direction} on average")
    elif one.mean_difference is not None:
        told.append("scores the same on average")
    return words.sentence(f"{who} {words.listing(told)}")


def _row(one: Challenge) -> tuple[str, ...]:
    return (
        one.challenger_version,
        one.champion_version,
        words.slot(one.as_of),
        words.NOTHING if one.customers is None else f"{one.customers:,}",
        words.percent(one.label_agreement),
        words.number(one.rank_agreement, 2),
        words.percent(one.top_decile_in_common),
        words.number(one.mean_difference),
        words.number(one.psi, 2),
        words.number(one.kolmogorov_smirnov, 2),
    )
