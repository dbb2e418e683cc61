"""HTML page of the report: records turned into figures and text, set by the template."""

from collections.abc import Sequence
from dataclasses import dataclass

import jinja2

from python_scoring.models.backtest_record import StoredBacktest
from python_scoring.report import (
    attainment,
    backtests,
    bands,
    challengers,
    checks,
    durations,
    duties,
    formatting,
    incidents,
    labels,
    migrations,
    reasons,
    reliability,
    slots,
    spread,
    stability,
    status_cards,
)
from python_scoring.report.challengers import Comparison
from python_scoring.report.figure import Figure
from python_scoring.report.headline import State, headline_of, state_of
from python_scoring.report.records import Contract, Freshness, Records


@dataclass(frozen=True)
class ProductSection:
    """Section of one product."""

    product: str
    meaning: str
    state: State
    sizes: str
    figures: list[Figure]
    comparisons: list[Comparison]


def render(records: Records, found: Sequence[StoredBacktest] = ()) -> str:
    """Return the whole page as HTML; `found` are backtests, as `backtests.read` returns them."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("python_scoring.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        slug=formatting.slug, moment=formatting.moment, named=formatting.name
    )
    served = {row.product: row for row in records.freshness}
    return environment.get_template("page.html").render(
        records=records,
        headline=headline_of(records),
        cards=[
            status_cards.card(served[contract.product], labels.sizes(records, contract))
            for contract in records.contracts
        ],
        service_level=[
            figure for figure in (slots.figure(records), attainment.figure(records)) if figure
        ],
        breaches=attainment.breaches(records),
        has_deadlines=bool(records.deadlines or records.breaches),
        incident_figure=incidents.figure(records),
        incident_summary=incidents.summary(records),
        stories=incidents.stories(records),
        duties=duties.table(records),
        run_times=[
            figure
            for contract in records.contracts
            if (figure := durations.figure(records, contract))
        ],
        products=[
            _product_section(records, contract, served[contract.product], [*found])
            for contract in records.contracts
        ],
    )


def _product_section(
    records: Records, contract: Contract, served: Freshness, found: list[StoredBacktest]
) -> ProductSection:
    figures = [
        bands.figure(records, contract),
        spread.figure(records, contract),
        stability.figure(records, contract),
        reliability.figure(records, contract),
        checks.figure(records, contract),
        labels.figure(records, contract),
        migrations.figure(records, contract),
        reasons.figure(records, contract),
    ]
    comparisons = [
        challengers.comparison(records, contract),
        challengers.outcomes(records, contract),
        *backtests.of_product(found, contract.product),
    ]
    return ProductSection(
        contract.product,
        contract.meaning,
        state_of(served),
        labels.sizes(records, contract),
        # Sentences without a picture come last, so that the cards of a row are alike.
        sorted((figure for figure in figures if figure), key=lambda figure: figure.picture is None),
        [comparison for comparison in comparisons if comparison],
    )
