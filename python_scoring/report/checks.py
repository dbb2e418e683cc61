"""Heat map of the checks: families by batch, each cell the worst outcome of its checks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import altair as alt

from python_scoring.contracts.served_outputs import project_variables
from python_scoring.report import formatting, svg
from python_scoring.report.figure import Figure, Key, Table, draw, without_picture
from python_scoring.report.queries import MOST_COLUMNS
from python_scoring.report.records import Batch, CheckCount, Contract, Finding, Records

# Checks of each model of findings in models/guardrails and models/outcomes; a test compares both.
FAMILIES: dict[str, tuple[str, ...]] = {
    family: tuple(checks) for family, checks in project_variables()["check_families"].items()
}
_FAMILY_OF = {check: family for family, checks in FAMILIES.items() for check in checks}
_OTHERS = "others"
_MOST_NEWS = 5

# Colour of a cell, its sign and the sign's colour. Signs distinguish outcomes without colour; a
# passed check needs none.
_LOOKS = {
    "passed": (svg.SOFT, "", svg.SOFT),
    "not evaluated": (svg.CARD, "–", svg.MUTED),  # noqa: RUF001 - a sign
    "warned": (svg.WARN, "▲", "var(--on-warn)"),
    "blocked": (svg.BAD, "✕", "var(--on-bad)"),
}
# The same signs as shapes of the picture.
_SHAPES = {
    "not evaluated": "M-0.5,0L0.5,0",
    "warned": "triangle-up",
    "blocked": "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5",
}
_LEGEND = (
    Key("█", svg.SOFT, "passed"),
    Key(_LOOKS["not evaluated"][1], svg.MUTED, "not evaluated"),
    Key(_LOOKS["warned"][1], svg.WARN, "warned"),
    Key(_LOOKS["blocked"][1], svg.BAD, "blocked"),
)


@dataclass(frozen=True)
class Cell:
    """Outcomes of the checks of one family in one batch."""

    family: str
    batch: Batch
    passed: int
    warned: int
    blocked: int
    not_evaluated: int

    @property
    def look(self) -> str:
        """Worst outcome."""
        if self.blocked:
            return "blocked"
        if self.warned:
            return "warned"
        return "passed" if self.passed else "not evaluated"


def family_of(check_name: str) -> str:
    """Return the family of a check; a custom check may have none."""
    return _FAMILY_OF.get(check_name, _OTHERS)


def cells_of(records: Records, product: str) -> list[Cell]:
    """Return the cells of a product's newest batches, oldest first."""
    counts: dict[tuple[str, str], list[CheckCount]] = {}
    for count in records.check_counts:
        counts.setdefault((count.run_id, family_of(count.check_name)), []).append(count)
    return [
        Cell(
            family,
            batch,
            sum(count.passed for count in found),
            sum(count.warned for count in found),
            sum(count.blocked for count in found),
            sum(count.not_evaluated for count in found),
        )
        for batch in records.batches_of(product)[-MOST_COLUMNS:]
        for family in (*FAMILIES, _OTHERS)
        if (found := counts.get((batch.run_id, family)))
    ]


def figure(records: Records, contract: Contract) -> Figure | None:
    """Heat map; None if nothing was checked yet."""
    cells = cells_of(records, contract.product)
    if not cells:
        return None
    sentence = _sentence(cells)
    columns = ("Passed", "Warned", "Blocked", "Not evaluated")
    table = Table(
        columns=("Batch", "Family", *columns),
        rows=[
            (
                formatting.slot(cell.batch.as_of),
                formatting.name(cell.family),
                *(str(count) for count in (cell.passed, cell.warned, cell.blocked)),
                str(cell.not_evaluated),
            )
            for cell in reversed(cells)
        ],
        numbers=frozenset(columns),
    )
    key, title = f"{contract.product}-checks", "Checks by batch"
    drawn = (
        without_picture(key, title, sentence, table)
        if len({cell.batch.run_id for cell in cells}) == 1
        else draw(_chart(cells), key, title, sentence, table, _LEGEND)
    )
    return replace(
        drawn, points=_news(records, contract), findings=_findings_table(records, contract)
    )


def _sentence(cells: Sequence[Cell]) -> str:
    newest = cells[-1].batch
    own = [cell for cell in cells if cell.batch == newest]
    evaluated = sum(cell.passed + cell.warned + cell.blocked for cell in own)
    passed = sum(cell.passed for cell in own)
    text = (
        f"{formatting.short_slot(newest.as_of)}: {passed} of "
        f"{formatting.plural(evaluated, 'check')} passed"
    )
    if left_out := sum(cell.not_evaluated for cell in own):
        text += f", {left_out} more could not be evaluated"
    batches = {cell.batch.run_id for cell in cells}
    warned = len({cell.batch.run_id for cell in cells if cell.warned})
    blocked = len({cell.batch.run_id for cell in cells if cell.blocked})
    of_all = f"Of the last {formatting.plural(len(batches), 'batch', 'batches')}"
    if not warned and not blocked:
        return f"{text}. {of_all} none warned and none was blocked."
    return f"{text}. {of_all} {warned or 'none'} warned and {blocked or 'none'} blocked."


def _chart(cells: Sequence[Cell]) -> svg.AnyChart:
    instants = {cell.batch.run_id: cell.batch.as_of for cell in cells}
    batches = list(instants)
    found = {cell.family for cell in cells}
    families = [formatting.name(family) for family in (*FAMILIES, _OTHERS) if family in found]
    rows = [
        {
            "batch": batches.index(cell.batch.run_id),
            "family": formatting.name(cell.family),
            "tone": _LOOKS[cell.look][0],
            "look": cell.look,
            "ink": _LOOKS[cell.look][2],
        }
        for cell in cells
    ]
    scale, axis = svg.columns(list(instants.values()))
    columns = alt.X("batch:O", scale=scale, axis=axis)
    lines = alt.Y("family:N", sort=families, title=None, scale=alt.Scale(paddingInner=0.08))
    base = alt.Chart(svg.data(rows)).encode(x=columns, y=lines)
    cell = base.mark_rect(cornerRadius=1.5).encode(fill=alt.Fill("tone:N", scale=None))
    # Shapes, since letters of that size would not be read.
    sign = (
        base.transform_filter("datum.look !== 'passed'")
        .mark_point(size=22, strokeWidth=1.5, opacity=1)
        .encode(
            shape=alt.Shape(
                "look:N",
                scale=alt.Scale(domain=[*_SHAPES], range=[*_SHAPES.values()]),
                legend=None,
            ),
            stroke=alt.Stroke("ink:N", scale=None),
        )
    )
    return svg.layered(23 * len(families), cell, sign)


def _news(records: Records, contract: Contract) -> list[Key]:
    """Findings of the newest batch, in their own sentences; the table has the rest."""
    newest = records.batches_of(contract.product)[-1]
    news = [
        Key(_LOOKS[look][1], _LOOKS[look][0], f"{formatting.name(look)}: {finding.message}")
        for finding in _own_findings(records, contract)
        if finding.run_id == newest.run_id and (look := _look(finding)) != "not evaluated"
    ]
    if len(news) > _MOST_NEWS:
        more = formatting.plural(len(news) - _MOST_NEWS, "more finding")
        return [*news[:_MOST_NEWS], Key("…", svg.MUTED, f"{more} in the table")]
    return news


def _findings_table(records: Records, contract: Contract) -> Table | None:
    """Checks of the newest batches that did not pass, newest first; None if all did."""
    found = _own_findings(records, contract)
    if not found:
        return None
    days = {batch.run_id: batch.as_of for batch in records.batches_of(contract.product)}
    return Table(
        columns=("Batch", "Check", "Of", "Outcome", "Finding"),
        rows=[
            (
                formatting.slot(days[finding.run_id]),
                formatting.name(finding.check_name),
                finding.scope,
                formatting.name(_look(finding)),
                finding.message,
            )
            for finding in found
        ],
        stacked=True,
    )


def _own_findings(records: Records, contract: Contract) -> list[Finding]:
    return [finding for finding in records.findings if finding.product == contract.product]


def _look(finding: Finding) -> str:
    if finding.outcome == "not_evaluated":
        return "not evaluated"
    return "blocked" if finding.severity == "block" else "warned"
