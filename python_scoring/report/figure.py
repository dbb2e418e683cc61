"""A figure of the report: a picture, what it shows in a sentence, and its data as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from python_scoring.report.svg import AnyChart, ramp, render


@dataclass(frozen=True)
class Table:
    """Rows of words; the columns named in `numbers` are set flush right.

    On a phone a table scrolls; one with long texts is `stacked` instead, each row below the other.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()
    stacked: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of a legend or a list: a sign, its colour in CSS, and what they stand for."""

    sign: str
    colour: str
    meaning: str


@dataclass(frozen=True)
class Figure:
    """What the template shows; `sentence` is also the picture's description."""

    key: str
    title: str
    sentence: str
    table: Table
    picture: Markup
    legend: Sequence[Key] = ()
    points: Sequence[Key] = ()
    findings: Table | None = None


def draw(
    chart: AnyChart, key: str, title: str, sentence: str, table: Table, legend: Sequence[Key] = ()
) -> Figure:
    """A figure with its chart drawn."""
    return Figure(key, title, sentence, table, render(chart, key, title, sentence), legend)


def ramp_legend(meanings: Sequence[str]) -> list[Key]:
    """The legend of parts of a whole, coloured by `svg.ramp`."""
    return [
        Key("█", colour, meaning)
        for colour, meaning in zip(ramp(len(meanings)), meanings, strict=True)
    ]
