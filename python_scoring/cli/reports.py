"""State of all products: `status`, `report`, `docs`."""

from pathlib import Path

import click

from python_scoring.cli.options import AS_JSON
from python_scoring.cli.printing import echo, print_json


@click.command("status")
@AS_JSON
def status(*, as_json: bool) -> None:
    """Say where each product stands and what to do next; changes nothing.

    Reads the lake as any reader does: what is served and how fresh it is, the last attempt,
    unresolved incidents and open duties. Exits with 0 whatever the state is.

    \b
    Example:
      customer-predictions status --json
    """
    from python_scoring.report.status import NOTHING_BUILT, read_status, to_text
    from python_scoring.warehouse import Warehouse

    warehouse = Warehouse.from_environment()
    found = read_status(warehouse)
    if as_json:
        print_json(found and found.to_record())
    else:
        echo(to_text(found) if found else NOTHING_BUILT.format(folder=warehouse.folder))


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True,
    help="The HTML file.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(min=1, max=3660), default=90, show_default=True,
    help="How many days back the report looks.",
)  # fmt: skip
@click.option(
    "--backtest", "backtests", multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A backtest to show, as `backtest --out` wrote it; repeatable.",
)  # fmt: skip
def report(out: Path, days: int, backtests: tuple[Path, ...]) -> None:
    """Write the state of all products as one HTML page that needs no network.

    \b
    Example:
      customer-predictions report --out report.html --days 30
    """
    from python_scoring.report import write_report

    size = write_report(out, days, list(backtests))
    click.echo(f"{out}: {size:,} bytes")


@click.command("docs")
@click.option(
    "--target", type=click.Path(path_type=Path), default=Path("target"), show_default=True,
    envvar="DBT_TARGET_PATH", help="The folder that `dbt docs generate` wrote into.",
)  # fmt: skip
@click.option(
    "--pages", type=click.Path(path_type=Path, file_okay=False),
    help="Write the source of the docs site into this folder instead, for `mkdocs build`.",
)  # fmt: skip
@click.pass_context
def docs(ctx: click.Context, target: Path, pages: Path | None) -> None:
    """Write static_index.html: dbt's docs, with contracts and consumers written out.

    With --pages, write the pages of the docs site instead: those of docs/, and the reference of
    commands, variables, products, tables and the contract.

    \b
    Example:
      customer-predictions docs --target target
    """
    from python_scoring.report.docs_page import write_docs
    from python_scoring.report.site_pages import write_pages

    if pages is None:
        click.echo(write_docs(target))
        return
    commands = ctx.find_root().command
    assert isinstance(commands, click.Group)  # noqa: S101 - for mypy: the root has this command
    for page in write_pages(pages, target, commands):
        click.echo(page)
