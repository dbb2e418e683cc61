"""Number of customers by label, batch by batch."""

import json

from python_scoring.report import formatting
from python_scoring.report.figure import Figure, Table, draw, ramp_legend
from python_scoring.report.queries import MOST_COLUMNS
from python_scoring.report.records import Contract, Records
from python_scoring.report.stacked import stacked_columns

_MISSING = "no label"


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
    legend = ramp_legend([formatting.lower_name(label) for label in labels])
    chart = stacked_columns(
        [batch.as_of for batch in batches],
        labels,
        [
            (column, label, _share(sizes[batch.run_id], label))
            for column, batch in enumerate(batches)
            for label in labels
        ],
        ".0%",
    )
    return draw(chart, f"{contract.product}-labels", "Customers by label", sentence, table, legend)


def ordered(contract: Contract, found: set[str]) -> list[str]:
    """Labels in the order of the contract, then any other."""
    declared = [label["name"] for label in json.loads(contract.contract_json)["labels"]]
    return [*declared, *sorted(found - set(declared))]


def _share(sizes: dict[str, int], label: str) -> float:
    return sizes.get(label, 0) / (sum(sizes.values()) or 1)
