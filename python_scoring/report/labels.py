"""Number of customers by label, batch by batch."""

import json
from datetime import timedelta

import altair as alt

from python_scoring.report import formatting
from python_scoring.report.figure import Figure, Table, draw, ramp_legend, without_picture
from python_scoring.report.queries import MOST_COLUMNS
from python_scoring.report.records import Batch, Contract, Records
from python_scoring.report.stacked import stacked_columns

_MISSING = "no label"
# Share that can still be seen.
_SMALLEST = 0.02


def figure(records: Records, contract: Contract) -> Figure | None:
    """Shares of the labels in the newest batches; None if the product has no labels."""
    sizes: dict[str, dict[str, int]] = {}
    for size in records.label_sizes:
        sizes.setdefault(size.run_id, {})[size.label or _MISSING] = size.customers
    batches = [batch for batch in records.batches_of(contract.product) if batch.run_id in sizes]
    batches = batches[-MOST_COLUMNS:]
    if not batches:
        return None
    labels = ordered(contract, {label for batch in batches for label in sizes[batch.run_id]})
    newest = sizes[batches[-1].run_id]
    told = [
        f"{formatting.lower_name(label)} {formatting.percent(_share(newest, label))} "
        f"({newest.get(label, 0):,})"
        for label in labels
    ]
    sentence = f"{formatting.short_slot(batches[-1].as_of)}: {formatting.listing(told)}."
    if len(batches) > 1:
        before = sizes[batches[-2].run_id]
        moved = max(labels, key=lambda label: abs(_share(newest, label) - _share(before, label)))
        first = sizes[batches[0].run_id]
        sentence += (
            f" {formatting.name(moved)} changed most since the batch before, from "
            f"{formatting.percent(_share(before, moved))}; on "
            f"{formatting.short_slot(batches[0].as_of)} it "
            f"was {formatting.percent(_share(first, moved))}."
        )
    columns = [formatting.name(label) for label in labels]
    table = Table(
        columns=("Batch", *columns),
        rows=[
            (
                formatting.slot(batch.as_of),
                *(f"{sizes[batch.run_id].get(label, 0):,}" for label in labels),
            )
            for batch in reversed(batches)
        ],
        numbers=frozenset(columns),
    )
    key, title = f"{contract.product}-labels", "Customers by label"
    if len(batches) == 1:
        return without_picture(key, title, sentence, table)
    if any(
        0 < _share(sizes[batch.run_id], label) < _SMALLEST for batch in batches for label in labels
    ):
        sentence += f" Shares below {_SMALLEST:.0%} are drawn as {_SMALLEST:.0%}."
    legend = ramp_legend([formatting.lower_name(label) for label in labels])
    chart = stacked_columns(
        [batch.as_of for batch in batches],
        labels,
        [
            (column, label, share)
            for column, batch in enumerate(batches)
            for label, share in _drawn({each: _share(sizes[batch.run_id], each) for each in labels})
        ],
        alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
        (0, 1),
    )
    return draw(chart, key, title, sentence, table, legend)


def sizes(records: Records, contract: Contract) -> str:
    """Customers by label in the newest served batch, the last label first, and the changes.

    For example: High 733, 12 more than the day before; medium 530, 4 fewer; low 1,300, as many.
    Empty where nothing is served or the product has no labels.
    """
    by_run: dict[str, dict[str, int]] = {}
    for size in records.label_sizes:
        by_run.setdefault(size.run_id, {})[size.label or _MISSING] = size.customers
    served = [
        batch
        for batch in records.batches_of(contract.product)
        if batch.is_served and batch.run_id in by_run
    ]
    if not served:
        return ""
    newest = served[-1]
    before = served[-2] if len(served) > 1 else None
    found = {label for batch in served[-2:] for label in by_run[batch.run_id]}
    told: list[str] = []
    for label in reversed(ordered(contract, found)):
        count = by_run[newest.run_id].get(label, 0)
        text = f"{formatting.lower_name(label)} {count:,}"
        if before:
            change = _change(count - by_run[before.run_id].get(label, 0))
            text += f", {change}" + ("" if told else f" {_as_before(change, newest, before)}")
        told.append(text)
    return formatting.sentence("; ".join(told))


def _change(difference: int) -> str:
    if not difference:
        return "as many"
    return f"{abs(difference):,} {'more' if difference > 0 else 'fewer'}"


def _as_before(change: str, newest: Batch, before: Batch) -> str:
    """Return what a change is against: `than the day before`."""
    is_next_day = newest.as_of - before.as_of == timedelta(days=1)
    then = "the day before" if is_next_day else f"on {formatting.short_slot(before.as_of)}"
    return f"{'as' if change == 'as many' else 'than'} {then}"


def _drawn(shares: dict[str, float]) -> list[tuple[str, float]]:
    """Return shares that can be seen: the smallest at the cost of the largest."""
    drawn = {label: max(share, _SMALLEST) if share else 0.0 for label, share in shares.items()}
    largest = max(drawn, key=lambda label: drawn[label])
    drawn[largest] -= sum(drawn.values()) - 1
    return [*drawn.items()]


def ordered(contract: Contract, found: set[str]) -> list[str]:
    """Labels in the order of the contract, then any other."""
    declared = [label["name"] for label in json.loads(contract.contract_json)["labels"]]
    return [*declared, *sorted(found - set(declared))]


def _share(sizes: dict[str, int], label: str) -> float:
    return sizes.get(label, 0) / (sum(sizes.values()) or 1)
