"""Privacy: `erase`."""

import click

from python_scoring.cli.printing import echo


@click.command()
@click.argument("customer_ids", nargs=-1, required=True, metavar="CUSTOMER_ID...")
@click.option("--by", "requested_by", default="", help="Who asked for it.")
@click.option("--reason", default="", help="Why, for example the number of the request.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
def erase(*, customer_ids: tuple[str, ...], requested_by: str, reason: str, dry_run: bool) -> None:
    """Remove customers from everything that the project keeps; a tombstone stays.

    Erases from the raw copies, the lake, the working set and the serving database, whose files are
    rewritten. Several ids at once cost hardly more than one. --by and --reason are required, except
    for a dry run.

    \b
    Example:
      customer-predictions erase C00011901 --by ana --reason "request 17"
    """
    from python_scoring.erasure.command import erase, preview

    if dry_run:
        preview(customer_ids, echo)
    else:
        erase(customer_ids, requested_by, reason, echo)
