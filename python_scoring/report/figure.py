"""Figure of the report: a picture, a sentence on its content, and its data as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from python_scoring.report.svg import AnyChart, ramp, render


@dataclass(frozen=True)
class Table:
    """Rows of text; columns named in `numbers` are right-aligned.

    On a phone a table scrolls; a table with long texts is `stacked`: each cell below the other.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()
    stacked: bool = False


@dataclass(frozen=True)
class Key:
    """Entry of a legend or list: a sign, its colour in CSS, and its meaning."""

    sign: str
    colour: str
    meaning: str


@dataclass(frozen=True)
class Figure:
    """Content of the template; `sentence` is also the picture's description, where there is one."""

    key: str
    title: str
    sentence: str
    table: Table
    picture: Markup | None = None
    legend: Sequence[Key] = ()
    points: Sequence[Key] = ()
    findings: Table | None = None


def draw(
    chart: AnyChart, key: str, title: str, sentence: str, table: Table, legend: Sequence[Key] = ()
) -> Figure:
    """Return a figure with its chart rendered."""
    return Figure(key, title, sentence, table, render(chart, key, title, sentence), legend)


def without_picture(key: str, title: str, sentence: str, table: Table) -> Figure:
    """Return a figure of one batch, which a sentence tells as well as a picture over time would."""
    return Figure(key, title, sentence, table)


def ramp_legend(meanings: Sequence[str]) -> list[Key]:
    """Return the legend of parts of a whole, coloured by `svg.ramp`."""
    return [
        Key("█", colour, meaning)
        for colour, meaning in zip(ramp(len(meanings)), meanings, strict=True)
    ]
