"""Runs and their predictions: `backfill`, `replay`, `trace`, `explain`."""

from datetime import datetime

import click

from python_scoring.cli.options import AS_JSON, INSTANT, PRODUCT
from python_scoring.cli.printing import echo, print_json, progress


@click.command()
@click.option("--from", "first", type=INSTANT, required=True, help="First slot (as-of).")
@click.option("--to", "last", type=INSTANT, required=True, help="Last slot (as-of).")
@click.option(
    "--product", "products", type=PRODUCT, multiple=True, help="Only this product; repeatable."
)
@AS_JSON
def backfill(*, first: datetime, last: datetime, products: tuple[str, ...], as_json: bool) -> None:
    """Compute the slots between two dates that were never published, oldest first.

    One build computes as many slots as the number of customers allows, and nothing is planned for
    other products. A slot after one in quarantine is compared with what is served, in a build of
    its own. Exits with 1 if a slot is not published.

    \b
    Example:
      customer-predictions backfill --from 2026-11-01 --to 2026-11-20 --product churn
    """
    from python_scoring.schedule.backfill import backfill, require_published, to_text

    found = backfill(first, last, list(products), progress(as_json=as_json), quiet=as_json)
    if as_json:
        print_json(found.to_record())
    else:
        echo(to_text(found))
    require_published(found)


@click.command()
@click.argument("identifier", metavar="[RUN_ID | PREDICTION_ID]", required=False)
@click.option("--sample", type=click.IntRange(min=1), help="So many predictions by chance instead.")
@click.option("--seed", help="Another sample; by default today's date.")
@click.option(
    "--from-snapshot", is_flag=True,
    help="Start at the stored feature snapshot instead of the raw tables.",
)  # fmt: skip
@click.option("--record", is_flag=True, help="Log the outcome; a mismatch opens an incident.")
@AS_JSON
def replay(
    *,
    identifier: str | None,
    sample: int | None,
    seed: str | None,
    from_snapshot: bool,
    record: bool,
    as_json: bool,
) -> None:
    """Recompute a run, a prediction or a sample, and report the first difference, if any.

    Exits with an error if something differs. Without --record nothing in the warehouse changes.

    \b
    Example:
      customer-predictions replay --sample 200 --record
    """
    from python_scoring.replay.command import Request, replay, require_identical, summary
    from python_scoring.warehouse import Warehouse

    request = Request(identifier, sample, seed, from_snapshot, record)
    outcomes = replay(request, Warehouse.from_environment(), progress(as_json=as_json))
    if as_json:
        print_json([outcome.to_record() for outcome in outcomes])
    require_identical(outcomes)
    if not as_json:
        echo(summary(outcomes))


@click.command()
@click.argument("prediction_id")
@AS_JSON
def trace(prediction_id: str, *, as_json: bool) -> None:
    """Print the lineage of PREDICTION_ID, from its model back to its inputs.

    \b
    Example:
      customer-predictions trace 00319d6506a750cac308d05d6f727256
    """
    from python_scoring.lineage import trace as lineage
    from python_scoring.warehouse import Warehouse

    traced = lineage.trace(prediction_id, Warehouse.from_environment())
    echo(lineage.as_json(traced) if as_json else lineage.as_text(traced))


@click.command()
@click.argument("prediction_id")
@AS_JSON
def explain(prediction_id: str, *, as_json: bool) -> None:
    """Explain PREDICTION_ID: the contribution of each feature, in numbers and in words.

    \b
    Example:
      customer-predictions explain 00319d6506a750cac308d05d6f727256 --json
    """
    from python_scoring.explanations.command import explain
    from python_scoring.models.registry import Registry

    explanation = explain(prediction_id, Registry())
    echo(explanation.to_json() if as_json else explanation.to_text())
