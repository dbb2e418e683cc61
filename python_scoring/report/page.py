"""The page: what was read, turned into figures and words, set by the template."""

from dataclasses import dataclass

import jinja2

from python_scoring.report import (
    attainment,
    bands,
    board,
    challengers,
    checks,
    durations,
    duties,
    incidents,
    labels,
    migrations,
    reasons,
    reliability,
    slots,
    spread,
    stability,
    words,
)
from python_scoring.report.challengers import Comparison
from python_scoring.report.contents import Contents, Contract, Freshness
from python_scoring.report.figure import Figure
from python_scoring.report.headline import State, headline_of, state_of


@dataclass(frozen=True)
class ProductSection:
    """All about one product."""

    product: str
    meaning: str
    state: State
    figures: list[Figure]
    comparisons: list[Comparison]


def render(contents: Contents) -> str:
    """The whole page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("python_scoring.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(slug=words.slug, moment=words.moment, named=words.name)
    served = {row.product: row for row in contents.freshness}
    return environment.get_template("page.html").render(
        contents=contents,
        headline=headline_of(contents),
        cards=[board.card(row) for row in contents.freshness],
        service_level=[
            figure for figure in (slots.figure(contents), attainment.figure(contents)) if figure
        ],
        breaches=attainment.breaches(contents),
        incident_figure=incidents.figure(contents),
        incident_summary=incidents.summary(contents),
        stories=incidents.stories(contents),
        duties=duties.table(contents),
        run_times=[
            figure
            for contract in contents.contracts
            if (figure := durations.figure(contents, contract))
        ],
        products=[
            _product_section(contents, contract, served[contract.product])
            for contract in contents.contracts
        ],
    )


def _product_section(contents: Contents, contract: Contract, served: Freshness) -> ProductSection:
    figures = [
        bands.figure(contents, contract),
        spread.figure(contents, contract),
        stability.figure(contents, contract),
        reliability.figure(contents, contract),
        checks.figure(contents, contract),
        labels.figure(contents, contract),
        migrations.figure(contents, contract),
        reasons.figure(contents, contract),
    ]
    comparisons = [
        challengers.comparison(contents, contract),
        challengers.outcomes(contents, contract),
    ]
    return ProductSection(
        contract.product,
        contract.meaning,
        state_of(served),
        [figure for figure in figures if figure],
        [comparison for comparison in comparisons if comparison],
    )
